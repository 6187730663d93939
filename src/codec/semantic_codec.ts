import type { TokenId } from "../core/ids.ts";
import type { ItemCodec } from "./item_codec.ts";
import { type SemanticIds, tokenName } from "./semantic_ids.ts";
import { sequenceAt, tokenTrie } from "./token_trie.ts";

/** A catalog whose items are semantic ids, with the names of their tokens. */
export interface SemanticCodec extends ItemCodec {
  /** Names of the tokens of ids, from the first of them on. */
  readonly tokens: readonly string[];
}

/** What a model that reads text has around ids. */
export interface SemanticSurroundings {
  /** Tokens that the model knows: those of ids come behind them. */
  readonly vocabulary: number;
  readonly opening: readonly TokenId[];
  readonly closing: readonly TokenId[];
}

/**
 * A token for each code of each level, behind all that a model knows, or for a model from scratch before one that opens
 * its histories.
 *
 * @param name what an item is called in a message
 *
 * @example
 * ```ts
 * import { semanticCodec } from "./semantic_codec.ts";
 * import { semanticIds } from "./semantic_ids.ts";
 * import { assertEquals } from "@std/assert";
 * const codec = semanticCodec(semanticIds(Int32Array.of(0, 1, 1, 0), { levels: 2 }), String, null);
 * assertEquals(codec.tokens, ["<a_0>", "<a_1>", "<b_0>", "<b_1>"]);
 * assertEquals([[...codec.encode(0)], [...codec.encode(1)], codec.opening], [[0, 3], [1, 2], [4]]);
 * ```
 */
export function semanticCodec(
  { offsets, codes }: SemanticIds,
  name: (item: number) => string,
  around: SemanticSurroundings | null,
): SemanticCodec {
  const sizes = levelSizes(offsets, codes);
  const first = around?.vocabulary ?? 0;
  const firsts = sizes.map((_, level) => sizes.slice(0, level).reduce((sum, size) => sum + size, first));
  const tokens = Int32Array.from(codes);
  for (let item = 0; item + 1 < offsets.length; item++) {
    for (let at = offsets[item]!; at < offsets[item + 1]!; at++) tokens[at]! += firsts[at - offsets[item]!]!;
  }
  const sequences = { tokens, starts: offsets };
  const names = sizes.flatMap((size, level) =>
    Array.from({ length: size }, (_, code) => tokenName(level, code))
  );
  const end = first + names.length;
  return {
    tokens: names,
    vocabulary: around === null ? end + 1 : end,
    tokenIsItem: false,
    tokensPerItem: sizes.length,
    opening: around?.opening ?? [end],
    closing: around?.closing ?? [],
    encode: (item) => sequenceAt(sequences, item),
    trie: tokenTrie(sequences, name),
  };
}

/** How many codes each level has: one more than its largest. */
function levelSizes(offsets: Int32Array, codes: Int32Array): number[] {
  const sizes: number[] = [];
  for (let item = 0; item + 1 < offsets.length; item++) {
    for (let at = offsets[item]!, level = 0; at < offsets[item + 1]!; at++, level++) {
      sizes[level] = Math.max(sizes[level] ?? 0, codes[at]! + 1);
    }
  }
  return sizes;
}
