import * as tf from "@tensorflow/tfjs-core";
import { FUSED, runFused } from "./fused.ts";

/**
 * Adds each row of `values` to a row of a table, in place. The order of the additions is that of the rows, so a backend
 * gives the same bits every time (no float atomics).
 *
 * @param table [rows, width] float32
 * @param values [n, width] float32
 * @param indices [n] int32, each 0 … rows−1
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { addToRows } from "./table_rows.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const table = tf.tensor2d([[1], [1], [1]]);
 * addToRows(table, tf.tensor2d([[1], [2], [4]]), tf.tensor1d([2, 0, 2], "int32"));
 * assertEquals([...table.dataSync()], [3, 1, 6]);
 * ```
 */
export function addToRows(table: tf.Tensor2D, values: tf.Tensor2D, indices: tf.Tensor): void {
  runFused("addToRows", { table, values, indices });
}

/**
 * Writes `values` over the rows of a table that begin at `first`, in place.
 *
 * @param table [rows, width] float32
 * @param values [n, width] float32
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { putRows } from "./table_rows.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const table = tf.tensor2d([[1], [1], [1]]);
 * putRows(table, tf.tensor2d([[5], [6]]), 1);
 * assertEquals([...table.dataSync()], [1, 5, 6]);
 * ```
 */
export function putRows(table: tf.Tensor2D, values: tf.Tensor2D, first: number): void {
  runFused("putRows", { table, values }, { first });
}

/** A table of zeros, made on the device. */
export function zeroTable(rows: number, width: number): tf.Tensor2D {
  return tf.fill([rows, width], 0);
}

/**
 * Rows of a table, and the table again for what is computed with it later. Where that has a gradient, the one of the
 * rows is added to it in place: the gradient of a large table that is both looked up and multiplied with is one table,
 * not the sum of two.
 *
 * @param table [rows, width] float32
 * @param indices [n] int32, each 0 … rows−1
 * @returns `rows` [n, width], and the same table
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { lookUp } from "./table_rows.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const gradient = tf.grad((table) => {
 *   const { rows, table: again } = lookUp(table as tf.Tensor2D, tf.tensor1d([1, 1], "int32"));
 *   return tf.add(tf.sum(rows), tf.sum(tf.mul(again, 10)));
 * })(tf.tensor2d([[1], [2]]));
 * assertEquals([...gradient.dataSync()], [10, 12]);
 * ```
 */
export function lookUp(table: tf.Tensor2D, indices: tf.Tensor): { rows: tf.Tensor2D; table: tf.Tensor2D } {
  const [rows, again] = runFused("lookUp", { table, indices }) as [tf.Tensor2D, tf.Tensor2D];
  return { rows, table: again };
}

/** What every backend registers for `lookUp`: its own kernels for looking up and for sharing, under one name. */
export function lookUpKernel(backendName: string): tf.KernelConfig {
  const part = (name: string, backend: object, inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap) =>
    tf.getKernel(name, backendName).kernelFunc({ inputs, backend, attrs }) as tf.TensorInfo;
  return {
    kernelName: FUSED.lookUp,
    backendName,
    kernelFunc: ({ inputs, backend }) => {
      const { table, indices } = inputs as Record<"table" | "indices", tf.TensorInfo>;
      return [
        part("GatherV2", backend, { x: table, indices }, { axis: 0, batchDims: 0 }),
        part("Identity", backend, { x: table }, {}),
      ];
    },
  };
}
