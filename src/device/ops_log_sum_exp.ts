import * as tf from "@tensorflow/tfjs-core";
import { hasFused, runFused } from "./fused.ts";

/** Stands for −∞ where a kernel's arithmetic must stay finite: e^(NEVER − anything usual) is exactly 0 in float32. */
export const NEVER = -1e30;

/**
 * log Σ_c e^z[r,c] of each row, without overflow. Its gradient is the row's softmax.
 *
 * @param z [rows, columns], finite; −1e9 or `NEVER` in a place leaves it out.
 * @returns [rows] nats
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { logSumExpRows } from "./ops_log_sum_exp.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * assertAlmostEquals(logSumExpRows(tf.tensor2d([[1000, 1000]])).dataSync()[0]!, 1000 + Math.log(2), 1e-3);
 * ```
 */
export function logSumExpRows(z: tf.Tensor2D): tf.Tensor1D {
  const reduced = tf.customGrad((...args) => {
    const [z, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const value = forward(z);
    save([z, value]);
    return {
      value,
      gradFunc: (dy, saved) => {
        const [z, value] = saved as [tf.Tensor2D, tf.Tensor1D];
        return backward(dy as tf.Tensor1D, z, value);
      },
    };
  });
  return reduced(z) as tf.Tensor1D;
}

/**
 * `logSumExpRows` over the places where `mask` is true. A row with none gives about −1e30 and no gradient.
 *
 * @param z [rows, columns]
 * @param mask [rows, columns] bool
 * @returns [rows] nats
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { maskedLogSumExp } from "./ops_log_sum_exp.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const allowed = tf.tensor2d([[1, 0, 0]], [1, 3], "bool");
 * assertEquals([...maskedLogSumExp(tf.tensor2d([[2, 9, 9]]), allowed).dataSync()], [2]);
 * ```
 */
export function maskedLogSumExp(z: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor1D {
  return logSumExpRows(tf.where(mask, z, tf.fill(z.shape, NEVER)));
}

function forward(z: tf.Tensor2D): tf.Tensor1D {
  if (hasFused("logSumExp")) return runFused("logSumExp", { z })[0] as tf.Tensor1D;
  const top = tf.max(z, 1, true);
  return tf.add(tf.log(tf.sum(tf.exp(tf.sub(z, top)), 1)), tf.reshape(top, [-1])) as tf.Tensor1D;
}

function backward(dy: tf.Tensor1D, z: tf.Tensor2D, value: tf.Tensor1D): tf.Tensor2D {
  if (hasFused("logSumExpGrad")) return runFused("logSumExpGrad", { z, value, dy })[0] as tf.Tensor2D;
  return tf.mul(tf.exp(tf.sub(z, tf.reshape(value, [-1, 1]))), tf.reshape(dy, [-1, 1]));
}
