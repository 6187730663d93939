import * as tf from "@tensorflow/tfjs-core";
import { hasFused, runFused } from "./fused.ts";

/**
 * log Σ_c e^z[r,c] of each row, without overflow. Its gradient is the row's softmax.
 *
 * @param z [rows, columns], finite; −1e9 in a place leaves it out, where the row has another.
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

function forward(z: tf.Tensor2D): tf.Tensor1D {
  if (hasFused("logSumExp")) return runFused("logSumExp", { z })[0] as tf.Tensor1D;
  const top = tf.max(z, 1, true);
  return tf.add(tf.log(tf.sum(tf.exp(tf.sub(z, top)), 1)), tf.reshape(top, [-1])) as tf.Tensor1D;
}

function backward(dy: tf.Tensor1D, z: tf.Tensor2D, value: tf.Tensor1D): tf.Tensor2D {
  if (hasFused("logSumExpGrad")) return runFused("logSumExpGrad", { z, value, dy })[0] as tf.Tensor2D;
  return tf.mul(tf.exp(tf.sub(z, tf.reshape(value, [-1, 1]))), tf.reshape(dy, [-1, 1]));
}
