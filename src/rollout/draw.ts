import * as tf from "@tensorflow/tfjs";
import type { Context } from "../core/context.ts";
import type { HostArray } from "../device/arrays.ts";
import { type DrawInputs, drawItems, NO_SCORE, type Picks } from "../device/ops.ts";
import { parameter, type Parameters } from "../model/parameters.ts";
import { tidy } from "../model/tidy.ts";
import { logSumExp } from "../numerics/log_space.ts";
import type { RandomKey } from "../numerics/random.ts";
import { type ItemLists, itemLists } from "./candidates.ts";

/** What slates are drawn with, beside scores. */
export type DrawArrays = ItemLists & {
  /** [R, 2] int32: the words of each row's key. */
  readonly keys: HostArray;
  /** [R] factor of each row's noise; 0 takes the likeliest. */
  readonly spreads: HostArray;
};

/** What G slates of each context are drawn with: what each has seen, and noise by context and slate, or none. */
export function drawArrays(
  contexts: readonly Context[],
  groupSize: number,
  key: RandomKey | null,
): DrawArrays {
  const rows = contexts.length * groupSize;
  const keys = new Int32Array(2 * rows);
  if (key !== null) {
    contexts.forEach(({ contextId }, b) => {
      for (let g = 0; g < groupSize; g++) keys.set(key.split(contextId, g).words, 2 * (b * groupSize + g));
    });
  }
  return {
    ...itemLists(contexts.map(({ seen }) => seen)),
    keys: { data: keys, shape: [rows, 2] },
    spreads: { data: new Float32Array(rows).fill(key === null ? 0 : 1), shape: [rows] },
  };
}

/** Numbers of a block of scores, and of the embeddings that they are scores of: 64 MiB each. */
const BLOCK = 2 ** 24;

/**
 * `drawItems` from the scores of the first `items` tokens for hidden states [S, width]. They are computed a block of the
 * catalog at a time, so that memory does not grow with it.
 *
 * @param block numbers of a block of scores and of its embeddings, at most
 */
export function drawFromHidden(
  parameters: Parameters,
  hidden: tf.Tensor2D,
  inputs: DrawInputs,
  picks: Picks,
  { at, count, items }: { readonly at: number; readonly count: number; readonly items: number },
  block = BLOCK,
): void {
  const embedding = parameter(parameters, "embedding");
  const columns = Math.max(1, Math.floor(block / Math.max(...hidden.shape)));
  for (let first = 0; first < items; first += columns) {
    tidy(() => {
      const rows = tf.slice(embedding, [first, 0], [Math.min(columns, items - first), embedding.shape[1]]);
      const scores = tf.matMul(hidden, rows, false, true) as tf.Tensor2D;
      drawItems(scores, inputs, picks, { at, count, catalog: items, first });
    });
  }
}

/** log Σ of what each rank of a slate is drawn from [nats], last to first: what is never picked, and the later picks. */
export function logTotals(scores: Float32Array, rest: number): Float64Array {
  const totals = new Float64Array(scores.length);
  let left = rest <= NO_SCORE / 2 ? -Infinity : rest;
  for (let k = scores.length - 1; k >= 0; k--) {
    if (scores[k]! > NO_SCORE / 2) left = logSumExp([left, scores[k]!]);
    totals[k] = left;
  }
  return totals;
}
