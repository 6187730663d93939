/** Catalogs of several tokens an item, small enough to be enumerated. */
import type { ItemCodec } from "../../src/codec/item_codec.ts";
import { sequenceAt, tokenSequences, tokenTrie } from "../../src/codec/token_trie.ts";

/** A codec over token sequences; its prompt opens with the last token and closes with the one before. */
export function tokenCatalog(items: readonly (readonly number[])[], closing = true): ItemCodec {
  const sequences = tokenSequences(items);
  const tokens = Math.max(...items.flat()) + 1;
  return {
    vocabulary: tokens + 2,
    tokenIsItem: false,
    tokensPerItem: Math.max(...items.map((item) => item.length)),
    opening: [tokens + 1],
    closing: closing ? [tokens] : [],
    encode: (item) => sequenceAt(sequences, item),
    trie: tokenTrie(sequences, String),
  };
}

/** Items that share beginnings, one forced to its end early, and some with one token alone. */
export const FEW_ITEMS: readonly (readonly number[])[] = [
  [0, 1, 2],
  [0, 1, 3],
  [0, 4],
  [5, 1, 2],
  [5, 6],
  [7],
];

/** So many first tokens, and so many second ones after the first of them, that neither node is among few. */
export const MANY_ITEMS: readonly (readonly number[])[] = [
  ...Array.from({ length: 20 }, (_, i) => [0, i + 1]),
  ...Array.from({ length: 20 }, (_, i) => [i + 1, 0, 2]),
  [21, 3],
  [21, 40],
];
