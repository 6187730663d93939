import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "./fused.ts";
import type { HeadShape } from "./ops_attention.ts";

/**
 * Room for the keys and values of `capacity` picks of each slate, [rows, capacity, 2·kvHeads·head].
 *
 * @param head width of one
 */
export function emptyCache(rows: number, capacity: number, kvHeads: number, head: number): tf.Tensor3D {
  return tf.fill([rows, capacity, 2 * kvHeads * head], 0) as tf.Tensor3D;
}

/**
 * `attention` of the newest pick of each slate: it sees what the newest token of its context's history sees, the picks
 * before it in its slate, and itself. Its keys and values are written into the cache. No gradient.
 *
 * @param qkv [B·G, (heads + 2·kvHeads)·head] the newest picks, rotated
 * @param history [B·T, (heads + 2·kvHeads)·head] the histories, rotated, G slates each
 * @param spans [B, T, 3] int32, of the histories, as in `attention`; they have no `from` and `to`
 * @param cache [B·G, capacity, 2·kvHeads·head] the keys, then the values of the picks, changed in place
 * @param at [1] int32: how many picks there were before, under `capacity`
 * @returns [B·G, heads·head]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { cachedAttention, emptyCache } from "./ops_cached_attention.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const history = tf.tensor2d([[0, 0, 2]]); // query, key and value of one token
 * const spans = tf.tensor3d([[[0, 0, 0]]], [1, 1, 3], "int32");
 * const cache = emptyCache(1, 2, 1, 1), shape = { heads: 1, kvHeads: 1 };
 * const values = [4, 9].map((value, at) =>
 *   cachedAttention(tf.tensor2d([[0, 0, value]]), history, spans, cache, tf.tensor1d([at], "int32"), shape).dataSync()[0]
 * );
 * assertEquals(values, [3, 5]); // the means of 2, 4 and 2, 4, 9
 * ```
 */
export function cachedAttention(
  qkv: tf.Tensor2D,
  history: tf.Tensor2D,
  spans: tf.Tensor,
  cache: tf.Tensor,
  at: tf.Tensor,
  { heads, kvHeads }: HeadShape,
): tf.Tensor2D {
  const [rows, capacity] = cache.shape as [number, number];
  if (qkv.shape[0] !== rows || rows % spans.shape[0]! !== 0) {
    throw new RangeError(`Cannot attend: ${qkv.shape[0]} rows, room for ${capacity} picks of ${rows}`);
  }
  const groupSize = rows / spans.shape[0]!;
  return runFused("cachedAttention", { qkv, history, spans, cache, at }, { groupSize, heads, kvHeads })[
    0
  ] as tf.Tensor2D;
}
