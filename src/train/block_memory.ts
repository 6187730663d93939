import type { DecoderConfig } from "../model/config.ts";
import { type Projection, projectionParts } from "../model/lora.ts";

/** 32-bit numbers of a token that a part of a block makes. */
export interface HeldNumbers {
  /** All that a pass forward makes. */
  readonly inside: number;
  /** What of it the gradient keeps. */
  readonly saved: number;
  /** What the pass back makes on top, which stays to its end; gradients of weights are not among it. */
  readonly gradient: number;
}

/** A block in two: what mixes tokens, done for all of them, and what comes after, which the last block does for some. */
export interface BlockNumbers {
  readonly mixing: HeldNumbers;
  readonly rest: HeldNumbers;
}

/**
 * What a block of a decoder makes for each token, from the operations that it is made of. With W the width, Q and C the
 * columns of queries and of queries, keys and values, H the hidden width:
 * mixing W + 2C + Q + heads, less C that no gradient reads; rest 5W + 3H; as much again for the gradients.
 *
 * @param drops whether activations are dropped
 *
 * @example
 * ```ts
 * import { plainDecoder } from "../model/config.ts";
 * import { blockNumbers } from "./block_memory.ts";
 * import { assertEquals } from "@std/assert";
 * const shape = { layers: 1, width: 8, heads: 2, kvHeads: 1, hidden: 10 };
 * const rest = { vocabulary: 5, ropeBase: 1e4, normEpsilon: 1e-6, marksPicks: false };
 * const { mixing } = blockNumbers(plainDecoder({ ...shape, ...rest }), false);
 * // Normalised 8 and their scale, projected 16, rotated 16, mixed 8 and a total for each of 2 heads.
 * assertEquals([mixing.inside, mixing.saved], [51, 35]);
 * ```
 */
export function blockNumbers(decoder: DecoderConfig, drops: boolean): BlockNumbers {
  const { width, heads, kvHeads, headWidth, hidden, lora } = decoder;
  const queries = heads * headWidth;
  const columns = queries + 2 * kvHeads * headWidth;
  const dropped = drops && lora === null ? 2 * width : 0;
  // Heads are split from each other, normalised and put together again.
  const normed = (decoder.headNorms ? 3 * columns : 0) + (decoder.qkvBias ? columns : 0);
  const made = width + 1 + 2 * columns + queries + heads + normed;
  const after = 5 * width + 1 + 3 * hidden;
  return {
    mixing: plus(
      {
        inside: made,
        saved: made - columns,
        gradient: 3 * width + 2 * columns + normed,
      },
      adapterNumbers(decoder, "qkv", drops),
    ),
    rest: plus(
      { inside: after + dropped, saved: after, gradient: queries + 3 * width + 3 * hidden + dropped },
      adapterNumbers(decoder, "attentionOut", drops),
      adapterNumbers(decoder, "gateUp", drops),
      adapterNumbers(decoder, "down", drops),
    ),
  };
}

/** What `addAdapters` makes: the product before it, x·A of each part, which the gradient keeps, and the gradient of x. */
function adapterNumbers(decoder: DecoderConfig, projection: Projection, drops: boolean): HeldNumbers {
  const { rows, parts } = projectionParts(decoder, projection);
  const count = parts.filter(({ module }) => decoder.lora?.targets.includes(module)).length;
  if (decoder.lora === null || count === 0) return { inside: 0, saved: 0, gradient: 0 };
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  const saved = decoder.lora.rank * count + (drops ? rows : 0);
  return { inside: saved + 3 * columns, saved, gradient: 3 * rows + (drops ? rows : 0) };
}

function plus(...all: readonly HeldNumbers[]): HeldNumbers {
  const sum = (of: (held: HeldNumbers) => number) => all.reduce((total, held) => total + of(held), 0);
  return { inside: sum((h) => h.inside), saved: sum((h) => h.saved), gradient: sum((h) => h.gradient) };
}
