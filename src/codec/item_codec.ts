import type { ItemIndex, TokenId } from "../core/ids.ts";

/** How items become tokens and back. Everything above the decoder speaks of items, everything in it of tokens. */
export interface ItemCodec {
  /** Rows of the embedding table: the tokens of the items and the special ones. */
  readonly vocabulary: number;
  /** Tokens of the longest item; 1 means that a token is an item. */
  readonly tokensPerItem: number;
  /** Opens every sequence, so that a context without history has a position to predict from. */
  readonly begin: TokenId;
  /** The tokens of an item, in order. */
  encode(item: ItemIndex): readonly TokenId[];
  /** What may follow what, so that only items can be decoded. */
  readonly trie: ItemTrie;
}

/** A prefix tree over the token sequences of the catalog. Nodes are numbers; 0 is the root. */
export interface ItemTrie {
  readonly root: number;
  /** Tokens that lead on from a node, rising. Empty at a leaf. */
  children(node: number): Int32Array;
  /** The node that a token leads to, or −1 when no item continues that way. */
  next(node: number, token: TokenId): number;
  /** The item that ends at a node, or −1. */
  item(node: number): ItemIndex;
}
