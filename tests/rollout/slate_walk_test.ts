import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { idCodec } from "../../src/codec/id_codec.ts";
import { placesOf } from "../../src/codec/open_items.ts";
import { decisionsOf, isDecision, slateWalk } from "../../src/rollout/slate_walk.ts";
import { prefixFree } from "../codec/_catalogs.ts";
import { FEW_ITEMS, tokenCatalog } from "./token_catalog.ts";

const few = tokenCatalog(FEW_ITEMS);
const closedOf = (codec: typeof few, seen: readonly number[]) => placesOf(codec.trie, seen);

Deno.test("a slate is its items' tokens, and decisions are where two may follow", () => {
  // Item 3 is 5 1 2 and item 1 is 0 1 3, of [0 1 2], [0 1 3], [0 4], [5 1 2], [5 6], [7]; 0 and 4 were seen.
  const { tokens, decisions } = decisionsOf(few, closedOf(few, [0, 4]), [3, 1]);
  assertEquals(tokens, [5, 1, 2, 0, 1, 3]);
  const { trie } = few;
  const zero = trie.next(trie.root, 0);
  assertEquals(decisions, [
    // 0, 5 or 7.
    { at: 0, node: trie.root, closed: [], child: 1 },
    // After 5 only 1 is left, and after that only 2; then 0 or 7, for all of 5 is taken.
    { at: 3, node: trie.root, closed: [1], child: 0 },
    // 1 or 4; after 1 only 3 is left, for 0 1 2 was seen.
    { at: 4, node: zero, closed: [], child: 0 },
  ]);
});

Deno.test("a walk is forced where one item is left, and ends where none is", () => {
  const walk = slateWalk(few, closedOf(few, [0, 2, 3, 4]));
  const first = walk.options();
  assert(isDecision(first));
  assertEquals(first.closed, [1]);
  assertEquals(walk.choose(2), 7);
  assertEquals(walk.picks, [5]);
  // What is left is 0 1 3: forced from its first token on.
  const forced: number[] = [];
  for (let options = walk.options(); options !== null; options = walk.options()) {
    assert(!isDecision(options));
    forced.push(walk.choose(options));
  }
  assertEquals([forced, walk.picks], [[0, 1, 3], [5, 1]]);
});

Deno.test("a walk with nothing to pick ends before it begins", () => {
  assertEquals(slateWalk(few, closedOf(few, [0, 1, 2, 3, 4, 5])).options(), null);
  const one = tokenCatalog([[3, 1]]);
  assertEquals(slateWalk(one, closedOf(one, [0])).options(), null);
  assertEquals(slateWalk(one, closedOf(one, [])).options(), 0);
  assertEquals(slateWalk(idCodec(1), Int32Array.of(0)).options(), null);
});

Deno.test("over ids every pick but the last item is a decision, at its own place", () => {
  const codec = idCodec(4);
  const { tokens, decisions } = decisionsOf(codec, placesOf(codec.trie, [1]), [3, 0, 2]);
  assertEquals(tokens, [3, 0, 2]);
  assertEquals(decisions, [
    { at: 0, node: 0, closed: [1], child: 3 },
    { at: 1, node: 0, closed: [1, 3], child: 0 },
  ]);
});

/** Tokens that may follow a beginning of an item, so that one that is left can still be reached. */
function mayFollow(
  items: readonly (readonly number[])[],
  left: ReadonlySet<number>,
  before: readonly number[],
) {
  const open = items.filter((tokens, item) =>
    left.has(item) && before.every((token, at) => tokens[at] === token)
  );
  return [...new Set(open.map((tokens) => tokens[before.length]!))].sort((a, b) => a - b);
}

Deno.test("every slate is walked as counting over its items does it", () => {
  const order = fc.array(fc.nat(1000), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(prefixFree, order, fc.nat(4), (items, ranks, gone) => {
      const codec = tokenCatalog(items);
      const shuffled = items.map((_, item) => item).sort((a, b) => ranks[a]! - ranks[b]! || a - b);
      const [seen, picks] = [shuffled.slice(0, gone), shuffled.slice(gone)];
      const { tokens, decisions } = decisionsOf(codec, closedOf(codec, seen), picks);
      assertEquals(tokens, picks.flatMap((item) => items[item]!));

      const expected: { at: number; token: number; closed: number[] }[] = [];
      const left = new Set(picks);
      let at = 0;
      for (const item of picks) {
        items[item]!.forEach((token, depth) => {
          const before = items[item]!.slice(0, depth);
          const open = mayFollow(items, left, before);
          const all = mayFollow(items, new Set(items.keys()), before);
          const closed = all.flatMap((token, child) => open.includes(token) ? [] : [child]);
          if (open.length > 1) expected.push({ at, token, closed });
          at++;
        });
        left.delete(item);
      }
      const found = decisions.map(({ at, node, child, closed }) => {
        return { at, token: codec.trie.children(node)[child]!, closed: [...closed] };
      });
      assertEquals(found, expected);

      // Nothing is left after that: the slate of all is the whole walk.
      const walk = slateWalk(codec, closedOf(codec, seen));
      const made = new Map(decisions.map((decision) => [decision.at, decision.child]));
      const walked: number[] = [];
      for (let options = walk.options(); options !== null; options = walk.options()) {
        assertEquals(isDecision(options), made.has(walked.length));
        walked.push(walk.choose(isDecision(options) ? made.get(walked.length)! : options));
      }
      assertEquals([walked, [...walk.picks]], [tokens, picks]);
    }),
    { numRuns: 500 },
  );
});
