import * as tf from "@tensorflow/tfjs-core";

/**
 * Rows of a unit matrix as float32. `tf.oneHot(indices, depth, 1, 0, "float32")` is silently wrong on wasm (it writes
 * integers' bits), so the cast comes afterwards.
 *
 * @param indices [n] int32, each 0 … depth−1
 * @returns [n, depth]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { oneHot } from "./ops_one_hot.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * assertEquals([...oneHot(tf.tensor1d([1], "int32"), 3).dataSync()], [0, 1, 0]);
 * ```
 */
export function oneHot(indices: tf.Tensor1D, depth: number): tf.Tensor2D {
  return tf.cast(tf.oneHot(indices, depth), "float32") as tf.Tensor2D;
}
