import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { sequenceAt, tokenSequences, tokenTrie } from "../../src/codec/token_trie.ts";
import { BladeError } from "../../src/core/errors.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { prefixFree } from "./_catalogs.ts";

/** A trie of maps: what a token leads to, and the item that ends there. */
interface Plain {
  readonly next: Map<number, Plain>;
  item: number;
}

function plainTrie(sequences: readonly (readonly number[])[]): Plain {
  const root: Plain = { next: new Map(), item: -1 };
  sequences.forEach((sequence, item) => {
    let node = root;
    for (const token of sequence) {
      if (!node.next.has(token)) node.next.set(token, { next: new Map(), item: -1 });
      node = node.next.get(token)!;
    }
    node.item = item;
  });
  return root;
}

/** Items below a node, in the order of their tokens. */
function itemsOf(node: Plain): number[] {
  if (node.item >= 0) return [node.item];
  const rising = [...node.next].sort(([a], [b]) => a - b);
  return rising.flatMap(([, child]) => itemsOf(child));
}

Deno.test("a trie in arrays is the trie of maps, node by node", () => {
  fc.assert(
    fc.property(prefixFree, (sequences) => {
      const trie = tokenTrie(tokenSequences(sequences), String);
      const order = itemsOf(plainTrie(sequences));
      order.forEach((item, place) => assertEquals(trie.place(item), place));
      const reached = new Set<number>();
      const visit = (node: number, plain: Plain) => {
        assert(!reached.has(node));
        reached.add(node);
        const children = [...trie.children(node)];
        assertEquals(children, [...plain.next.keys()].sort((a, b) => a - b));
        assertEquals(trie.item(node), plain.item);
        assertEquals(order.slice(trie.from(node), trie.to(node)), itemsOf(plain));
        for (const token of [-1, 0, 1, 2, 3, 4, 1000]) {
          const child = children.indexOf(token);
          assertEquals(trie.next(node, token), child < 0 ? -1 : trie.firstChild(node) + child);
        }
        children.forEach((token, child) => visit(trie.firstChild(node) + child, plain.next.get(token)!));
      };
      visit(trie.root, plainTrie(sequences));
      // Nodes are numbers without a gap.
      assertEquals(Math.max(...reached), reached.size - 1);
    }),
    { numRuns: 500 },
  );
});

Deno.test("sequences that are put one after another are found again", () => {
  fc.assert(fc.property(fc.array(fc.array(fc.nat(9), { maxLength: 4 }), { maxLength: 6 }), (sequences) => {
    const all = tokenSequences(sequences);
    assertEquals([...all.tokens], sequences.flat());
    assertEquals(all.starts.length, sequences.length + 1);
    sequences.forEach((sequence, i) => assertEquals([...sequenceAt(all, i)], sequence));
  }));
});

Deno.test.each<[string, number[][], string[]]>([
  ["no sequence", [], ["codec: the catalog must hold at least 1 item, got 0"]],
  ["an empty sequence", [[1], [2], []], ["tokens of item 2: must not be empty"]],
  ["nothing but an empty sequence", [[]], ["tokens of item 0: must not be empty"]],
  ["a beginning of another", [[5, 1, 2], [3], [5, 1]], [
    "tokens of item 0: must not begin with all the tokens of item 2",
    '"5 1 2"',
  ]],
  ["a beginning of several, with others between", [[5, 0, 9], [5, 0], [5, 1], [4]], [
    "tokens of item 0: must not begin with all the tokens of item 1",
  ]],
  ["two that are equal", [[7], [5, 1], [5, 1]], [
    "tokens of item 2: must not begin with all the tokens of item 1",
    '"5 1"',
  ]],
])("%s is refused by the names of the items", (_name, sequences, says) => {
  const build = () => tokenTrie(tokenSequences(sequences), (item) => `item ${item}`);
  const error = assertThrows(build, BladeError);
  for (const part of says) assertStringIncludes(error.message, part);
});

Deno.test("sequences that are the beginning of none are taken, all others are refused", () => {
  fc.assert(fc.property(
    fc.array(fc.array(fc.nat(2), { maxLength: 3 }), { minLength: 1, maxLength: 5 }),
    (sequences) => {
      const isFree = sequences.every((one, i) =>
        one.length > 0 &&
        sequences.every((other, j) => i === j || one.some((token, at) => token !== other[at]))
      );
      const build = () => tokenTrie(tokenSequences(sequences), String);
      if (isFree) build();
      else assertThrows(build, BladeError);
    },
  ));
});

Deno.test("the titles of 100 000 items take seconds and under 200 MB", () => {
  const key = randomKey(3);
  // Words as frequent as in a language, 5 to 13 tokens a title, its number among them, and a line end.
  const titles = Array.from({ length: 100_000 }, (_, item) => {
    const length = 3 + Math.floor(9 * key.uniform(16 * item));
    const own = Array.from({ length }, (_, at) => Math.floor(30_000 ** key.uniform(16 * item + 1 + at)));
    return [...own, 40_000 + item % 1000, 50_000 + Math.floor(item / 1000), 0];
  });
  const start = performance.now();
  const sequences = tokenSequences(titles);
  const trie = tokenTrie(sequences, String);
  const seconds = (performance.now() - start) / 1000;
  let nodes = 1;
  for (let node = 0; node < nodes; node++) {
    nodes = Math.max(nodes, trie.firstChild(node) + trie.children(node).length);
  }
  const tokens = sequences.tokens.length;
  assert(tokens > 900_000 && nodes > 400_000, `${tokens} tokens, ${nodes} nodes`);
  // A node has a token, its items from … to, and its children from where and how many; an item has two places.
  const bytes = 4 * (5 * nodes + 2 * 100_000 + tokens + sequences.starts.length);
  assert(bytes < 200e6, `${bytes} bytes`);
  assert(seconds < 10, `${seconds} s`);
  for (const item of [0, 17, 99_999]) {
    const end = titles[item]!.reduce((node, token) => trie.next(node, token), trie.root);
    assertEquals(trie.item(end), item);
  }
});
