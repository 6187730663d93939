import { BladeError } from "../core/errors.ts";
import type { TokenId } from "../core/ids.ts";
import type { ItemTrie } from "./item_codec.ts";

/** Sequences of tokens, one after another. */
export interface TokenSequences {
  readonly tokens: Int32Array;
  /** [sequences + 1] sequence i is `tokens` from `starts[i]` to `starts[i + 1]`−1. */
  readonly starts: Int32Array;
}

/** Puts sequences one after another. */
export function tokenSequences(sequences: readonly ArrayLike<TokenId>[]): TokenSequences {
  const starts = new Int32Array(sequences.length + 1);
  sequences.forEach((sequence, i) => starts[i + 1] = starts[i]! + sequence.length);
  const tokens = new Int32Array(starts[sequences.length]!);
  sequences.forEach((sequence, i) => tokens.set(sequence, starts[i]!));
  return { tokens, starts };
}

/** A sequence, as a view. */
export function sequenceAt({ tokens, starts }: TokenSequences, index: number): Int32Array {
  return tokens.subarray(starts[index]!, starts[index + 1]!);
}

/**
 * The trie of a catalog whose item i is sequence i. Five numbers of 32 bits a node in typed arrays, nodes level by level,
 * so that the children of a node stand together.
 *
 * @param name what an item is called in a message
 * @throws {BladeError} when there is no sequence, one is empty, or one is another one's beginning.
 *
 * @example
 * ```ts
 * import { tokenSequences, tokenTrie } from "./token_trie.ts";
 * import { assertEquals } from "@std/assert";
 * const trie = tokenTrie(tokenSequences([[7, 1], [5], [7, 0]]), String);
 * const seven = trie.next(trie.root, 7);
 * assertEquals([...trie.children(trie.root)], [5, 7]);
 * assertEquals([...trie.children(seven)], [0, 1]);
 * assertEquals(trie.item(trie.next(seven, 1)), 0);
 * assertEquals([trie.from(seven), trie.to(seven), trie.place(0)], [1, 3, 2]);
 * ```
 */
export function tokenTrie(sequences: TokenSequences, name: (item: number) => string): ItemTrie {
  const order = inOrder(sequences);
  const size = nodeCount(sequences, order, name);
  const token = new Int32Array(size), from = new Int32Array(size), to = new Int32Array(size);
  const firstChild = new Int32Array(size), childCount = new Int32Array(size);
  const places = new Int32Array(order.length);
  order.forEach((item, place) => places[item] = place);
  to[0] = order.length;
  let made = 1;
  for (let node = 0, depth = 0, levelEnd = 1; node < size; node++) {
    if (node === levelEnd) [depth, levelEnd] = [depth + 1, made];
    firstChild[node] = made;
    for (let place = from[node]!; place < to[node]!;) {
      const next = tokenAt(sequences, order[place]!, depth);
      if (next < 0) break; // an item ends here, and alone
      let end = place + 1;
      while (end < to[node]! && tokenAt(sequences, order[end]!, depth) === next) end++;
      token[made] = next;
      from[made] = place;
      to[made] = end;
      made++;
      place = end;
    }
    childCount[node] = made - firstChild[node]!;
  }
  const children = (node: number) => token.subarray(firstChild[node]!, firstChild[node]! + childCount[node]!);
  return {
    root: 0,
    children,
    firstChild: (node) => firstChild[node]!,
    next(node, wanted) {
      const at = positionOf(children(node), wanted);
      return at < 0 ? -1 : firstChild[node]! + at;
    },
    item: (node) => childCount[node] === 0 ? order[from[node]!]! : -1,
    from: (node) => from[node]!,
    to: (node) => to[node]!,
    place: (item) => places[item]!,
  };
}

/** The items by their sequences, token by token. */
function inOrder(sequences: TokenSequences): Int32Array {
  const order = Int32Array.from({ length: sequences.starts.length - 1 }, (_, item) => item);
  return order.sort((one, other) => {
    const [a, b] = [sequenceAt(sequences, one), sequenceAt(sequences, other)];
    const shared = sharedLength(a, b);
    return shared < a.length && shared < b.length
      ? a[shared]! - b[shared]!
      : a.length - b.length || one - other;
  });
}

/** Nodes of the trie: each sequence adds what it does not share with the one before it. */
function nodeCount(sequences: TokenSequences, order: Int32Array, name: (item: number) => string): number {
  if (order.length === 0) {
    throw new BladeError({
      place: "codec",
      rule: "the catalog must hold at least 1 item",
      value: 0,
      mend: "check the data set with `data inspect`: filters such as data.kCore may have removed everything",
    });
  }
  let count = 1;
  order.forEach((item, place) => {
    const own = sequenceAt(sequences, item);
    const before = place === 0 ? own.subarray(0, 0) : sequenceAt(sequences, order[place - 1]!);
    const shared = sharedLength(before, own);
    if (own.length === 0 || (place > 0 && shared === before.length)) {
      throw new BladeError({
        place: `tokens of ${name(item)}`,
        rule: own.length === 0
          ? "must not be empty"
          : `must not begin with all the tokens of ${
            name(order[place - 1]!)
          }: where that ends could not be told`,
        value: [...own].join(" "),
        mend: "give items texts that differ, or let each end with a token that no text holds",
      });
    }
    count += own.length - shared;
  });
  return count;
}

function sharedLength(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < most && a[shared] === b[shared]) shared++;
  return shared;
}

function tokenAt({ tokens, starts }: TokenSequences, item: number, depth: number): number {
  const at = starts[item]! + depth;
  return at < starts[item + 1]! ? tokens[at]! : -1;
}

/** Where a value stands in rising values, or −1. */
function positionOf(rising: Int32Array, wanted: number): number {
  let [low, high] = [0, rising.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (rising[middle] === wanted) return middle;
    if (rising[middle]! < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
