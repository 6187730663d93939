import type { ItemIndex } from "../core/ids.ts";
import type { ItemTrie } from "./item_codec.ts";

/** The items that a slate may still take. */
export interface OpenItems {
  /** From now on the slate may not take it. */
  take(item: ItemIndex): void;
  /** Whether any item below a node may be taken. */
  isOpen(node: number): boolean;
  /** Which children of a node, by their number, lead to no item any more. Rising. */
  closedChildren(node: number): number[];
}

/**
 * All items but those that were seen.
 *
 * @param closed [seen] places of the seen items in the trie's order, rising (`placesOf`): shared by slates of a context
 *
 * @example
 * ```ts
 * import { openItems, placesOf } from "./open_items.ts";
 * import { tokenSequences, tokenTrie } from "./token_trie.ts";
 * import { assertEquals } from "@std/assert";
 * const trie = tokenTrie(tokenSequences([[1, 1], [1, 2], [2]]), String);
 * const open = openItems(trie, placesOf(trie, [0]));
 * assertEquals(open.closedChildren(trie.root), []);
 * open.take(1);
 * assertEquals(open.closedChildren(trie.root), [0]); // no item begins with 1 any more
 * ```
 */
export function openItems(trie: ItemTrie, closed: Int32Array): OpenItems {
  const taken: number[] = [];
  /** Closed places from … to−1, in no order. */
  const closedWithin = function* (from: number, to: number): Generator<number> {
    for (let i = firstAtLeast(closed, from); i < closed.length && closed[i]! < to; i++) yield closed[i]!;
    for (const place of taken) if (place >= from && place < to) yield place;
  };
  return {
    take(item) {
      const place = trie.place(item);
      if (closed[firstAtLeast(closed, place)] !== place && !taken.includes(place)) taken.push(place);
    },
    isOpen(node) {
      const [from, to] = [trie.from(node), trie.to(node)];
      let left = to - from;
      for (const _ of closedWithin(from, to)) left--;
      return left > 0;
    },
    closedChildren(node) {
      const first = trie.firstChild(node), count = trie.children(node).length;
      if (count === 0) return [];
      const found = new Map<number, number>();
      for (const place of closedWithin(trie.from(node), trie.to(node))) {
        let [low, high] = [first, first + count - 1];
        while (low < high) {
          const middle = (low + high + 1) >> 1;
          if (trie.from(middle) <= place) low = middle;
          else high = middle - 1;
        }
        found.set(low, (found.get(low) ?? 0) + 1);
      }
      return [...found]
        .filter(([child, gone]) => gone === trie.to(child) - trie.from(child))
        .map(([child]) => child - first)
        .sort((one, other) => one - other);
    },
  };
}

/** Places of items in the trie's order, rising, each once. */
export function placesOf(trie: ItemTrie, items: Iterable<ItemIndex>): Int32Array {
  return Int32Array.from(new Set(Array.from(items, (item) => trie.place(item)))).sort();
}

/** Index of the first value that is not below a bound, in rising values. */
function firstAtLeast(rising: Int32Array, bound: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
