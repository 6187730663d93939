import * as tf from "@tensorflow/tfjs-core";

/** Name of the kernel that each backend registers when `openDevice` loads it. */
export const ROW_SCATTER_ADD = "BladeRowScatterAdd";

/**
 * Adds each row of `values` to a row of a zero table: the gradient of an embedding lookup. The order of the additions
 * is that of the rows, so a backend gives the same bits every time (no float atomics).
 *
 * @param values [n, width] float32
 * @param indices [n] int32, each 0 … rows−1
 * @returns [rows, width]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { rowScatterAdd } from "./row_scatter_add.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const table = rowScatterAdd(tf.tensor2d([[1], [2], [4]]), tf.tensor1d([2, 0, 2], "int32"), 3);
 * assertEquals([...table.dataSync()], [2, 0, 5]);
 * ```
 */
export function rowScatterAdd(values: tf.Tensor2D, indices: tf.Tensor, rows: number): tf.Tensor2D {
  return tf.engine().runKernel(
    ROW_SCATTER_ADD,
    { values, indices },
    { rows },
  ) as tf.Tensor2D;
}
