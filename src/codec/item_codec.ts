import type { ItemIndex, TokenId } from "../core/ids.ts";

/** How items become tokens and back. Everything above the decoder speaks of items, everything in it of tokens. */
export interface ItemCodec {
  /** Tokens that there are: those of items, of prompts, and special ones. */
  readonly vocabulary: number;
  /** Whether a token is an item, of the same number. */
  readonly tokenIsItem: boolean;
  /** Tokens of the longest item. */
  readonly tokensPerItem: number;
  /** What a history begins with, at least one token: a context without history has a position to predict from. */
  readonly opening: readonly TokenId[];
  /** What stands between a history and a slate. */
  readonly closing: readonly TokenId[];
  /** The tokens of an item, in order. */
  encode(item: ItemIndex): ArrayLike<TokenId> & Iterable<TokenId>;
  /** What may follow what, so that only items can be decoded. */
  readonly trie: ItemTrie;
}

/**
 * A prefix tree over the token sequences of the catalog, none of which is the beginning of another. Nodes are numbers.
 * The items below a node are neighbours in one order of the catalog, that of their sequences.
 */
export interface ItemTrie {
  readonly root: number;
  /** Tokens that lead on from a node, rising. Empty where an item ends. */
  children(node: number): Int32Array;
  /** The node that the first of them leads to; the others' follow it. */
  firstChild(node: number): number;
  /** The node that a token leads to, or −1 when no item continues that way. */
  next(node: number, token: TokenId): number;
  /** The item that ends at a node, or −1. */
  item(node: number): ItemIndex;
  /** The first place in the order of the items below a node. */
  from(node: number): number;
  /** The place after their last. */
  to(node: number): number;
  /** The place of an item. */
  place(item: ItemIndex): number;
}
