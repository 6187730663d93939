import * as tf from "@tensorflow/tfjs-core";

/**
 * op(A)·op(B). The same as `tf.matMul`: on wasm this project's kernel reads a transposed or broadcast operand where it
 * lies, so a flag costs no copy.
 *
 * @param a [..., M, K], or [..., K, M] with `transposeA`
 * @param b [..., K, N], or [..., N, K] with `transposeB`
 * @returns [..., M, N]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { matMul } from "./ops_mat_mul.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const row = tf.tensor2d([[1, 2]]);
 * assertEquals([...matMul(row, row, false, true).dataSync()], [5]);
 * ```
 */
export function matMul<T extends tf.Tensor>(
  a: tf.Tensor,
  b: tf.Tensor,
  transposeA = false,
  transposeB = false,
): T {
  return tf.matMul<T>(a, b, transposeA, transposeB);
}
