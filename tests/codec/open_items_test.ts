import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { idCodec } from "../../src/codec/id_codec.ts";
import type { ItemTrie } from "../../src/codec/item_codec.ts";
import { openItems, placesOf } from "../../src/codec/open_items.ts";
import { tokenSequences, tokenTrie } from "../../src/codec/token_trie.ts";
import { prefixFree } from "./_catalogs.ts";

/** Every node of a trie with the items that end at it or below, found by walking. */
function nodesOf(trie: ItemTrie, node = trie.root): { node: number; items: number[] }[] {
  const own = trie.item(node);
  if (own >= 0) return [{ node, items: [own] }];
  const below = [...trie.children(node)].map((token) => nodesOf(trie, trie.next(node, token)));
  return [{ node, items: below.flatMap(([child]) => child!.items) }, ...below.flat()];
}

/** Compares what is open with what is counted, after each item that is taken. */
function check(trie: ItemTrie, seen: readonly number[], taken: readonly number[]) {
  const open = openItems(trie, placesOf(trie, seen));
  const nodes = nodesOf(trie);
  const itemsOf = new Map(nodes.map(({ node, items }) => [node, items]));
  const gone = new Set(seen);
  const isOpen = (node: number) => itemsOf.get(node)!.some((item) => !gone.has(item));
  for (const item of [null, ...taken]) {
    if (item !== null) {
      open.take(item);
      gone.add(item);
    }
    for (const { node } of nodes) {
      assertEquals(open.isOpen(node), isOpen(node), `node ${node}`);
      const children = [...trie.children(node)].map((token) => trie.next(node, token));
      const closed = children.flatMap((child, number) => isOpen(child) ? [] : [number]);
      assertEquals(open.closedChildren(node), closed, `children of node ${node}`);
    }
  }
}

const numbers = fc.array(fc.nat(11), { maxLength: 14 });

Deno.test("what is open is what counting finds, whatever was seen and is taken", () => {
  fc.assert(
    fc.property(prefixFree, numbers, numbers, (sequences, seen, taken) => {
      const trie = tokenTrie(tokenSequences(sequences), String);
      // Items may be seen twice, taken twice, and taken though they were seen.
      const known = (items: readonly number[]) => items.map((item) => item % sequences.length);
      check(trie, known(seen), known(taken));
    }),
    { numRuns: 500 },
  );
});

Deno.test("of a catalog of ids the same holds", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), numbers, numbers, (items, seen, taken) => {
    const known = (all: readonly number[]) => all.map((item) => item % items);
    check(idCodec(items).trie, known(seen), known(taken));
  }));
});

Deno.test("slates of one context do not take from each other", () => {
  const { trie } = idCodec(3);
  const closed = placesOf(trie, [2]);
  const [one, other] = [openItems(trie, closed), openItems(trie, closed)];
  one.take(0);
  assertEquals([one.closedChildren(trie.root), other.closedChildren(trie.root)], [[0, 2], [2]]);
  assertEquals([...closed], [2]);
});

Deno.test("places of items rise, each once, also past 9", () => {
  const trie = tokenTrie(tokenSequences([[2], [1, 5], [0], [1, 0]]), String);
  assertEquals([...placesOf(trie, [0, 2, 1, 3, 2, 0])], [0, 1, 2, 3]);
  assertEquals([...placesOf(trie, [1])], [2]);
  assertEquals([...placesOf(trie, [])], []);
  assertEquals([...placesOf(idCodec(101).trie, [100, 9, 10, 2])], [2, 9, 10, 100]);
});
