import type { ItemCodec } from "../codec/item_codec.ts";
import { square } from "../numerics/power.ts";

/** What items are as tokens, on the average and at most. */
export interface TokenCounts {
  /** Tokens of an item: mean, standard deviation, and of the longest. */
  readonly mean: number;
  readonly deviation: number;
  readonly longest: number;
  /** Mean number of decisions of an item among few tokens, and among many. */
  readonly few: number;
  readonly many: number;
  /** Tokens of the widest decision among few. */
  readonly fewTokens: number;
  /** Different tokens of all decisions among many, and of all decisions. */
  readonly manyTokens: number;
  readonly decidedTokens: number;
}

/** Counts over a catalog. A decision is a place where more than one token leads to an item. */
export function tokenCounts({ trie, encode }: ItemCodec, items: number, fewAtMost: number): TokenCounts {
  const [manyTokens, decidedTokens] = [new Set<number>(), new Set<number>()];
  const known = new Set<number>();
  let [tokens, squares, longest, few, many, fewTokens] = [0, 0, 0, 0, 0, 2];
  for (let item = 0; item < items; item++) {
    const sequence = encode(item);
    tokens += sequence.length;
    squares += square(sequence.length);
    longest = Math.max(longest, sequence.length);
    let node = trie.root;
    for (const token of sequence) {
      const children = trie.children(node);
      if (children.length > fewAtMost) many++;
      else if (children.length > 1) few++;
      if (children.length > 1 && !known.has(node)) {
        known.add(node);
        for (const child of children) {
          decidedTokens.add(child);
          if (children.length > fewAtMost) manyTokens.add(child);
        }
        if (children.length <= fewAtMost) fewTokens = Math.max(fewTokens, children.length);
      }
      node = trie.next(node, token);
    }
  }
  const mean = tokens / items;
  return {
    mean,
    deviation: Math.sqrt(Math.max(0, squares / items - square(mean))),
    longest,
    few: few / items,
    many: many / items,
    fewTokens,
    manyTokens: manyTokens.size,
    decidedTokens: decidedTokens.size,
  };
}

/** Tokens that so many items together seldom exceed: their mean and three standard deviations. */
export function tokensOfItems({ mean, deviation, longest }: TokenCounts, items: number): number {
  return Math.min(items * longest, Math.ceil(items * mean + 3 * deviation * Math.sqrt(items)));
}
