import * as tf from "@tensorflow/tfjs-core";
import type { HeadShape } from "./ops_attention.ts";
import { rmsNorm } from "./ops_rms_norm.ts";

/**
 * Root-mean-square normalisation of each query and each key by itself, as Qwen3 has it (arXiv 2505.09388) before the
 * rotary positions. All query heads share one weight, and all key heads another; values are left as they are.
 *
 * @param qkv [n, (heads + 2·kvHeads)·head]
 * @param queryScale [head]
 * @param keyScale [head]
 * @returns [n, (heads + 2·kvHeads)·head]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { headNorm } from "./ops_head_norm.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const qkv = tf.tensor2d([[3, -3, 0.5, 0.5, 7, 8]]); // query, key and value of one token
 * const normed = headNorm(qkv, tf.tensor1d([1, 2]), tf.tensor1d([4, 4]), { heads: 1, kvHeads: 1 }, 0);
 * assertEquals([...normed.dataSync()], [1, -2, 4, 4, 7, 8]);
 * ```
 */
export function headNorm(
  qkv: tf.Tensor2D,
  queryScale: tf.Tensor,
  keyScale: tf.Tensor,
  { heads, kvHeads }: HeadShape,
  epsilon: number,
): tf.Tensor2D {
  const [rows, width] = qkv.shape;
  const head = width / (heads + 2 * kvHeads);
  const sizes = [heads * head, kvHeads * head, kvHeads * head];
  const [queries, keys, values] = tf.split(qkv, sizes, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const normed = (part: tf.Tensor2D, count: number, scale: tf.Tensor) =>
    tf.reshape(rmsNorm(tf.reshape(part, [rows * count, head]), scale, epsilon), part.shape) as tf.Tensor2D;
  return tf.concat([normed(queries, heads, queryScale), normed(keys, kvHeads, keyScale), values], 1);
}
