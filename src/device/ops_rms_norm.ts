import * as tf from "@tensorflow/tfjs-core";
import { hasFused, runFused } from "./fused.ts";

/**
 * Root-mean-square normalisation (arXiv 1910.07467): y = x·w/√(mean x² + ε) along rows.
 *
 * @param x [rows, d]
 * @param weight [d]
 * @returns [rows, d]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { rmsNorm } from "./ops_rms_norm.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const y = rmsNorm(tf.tensor2d([[3, 4]]), tf.tensor1d([1, 2]), 0);
 * assertAlmostEquals(y.dataSync()[1]!, 8 / Math.sqrt(12.5), 1e-6);
 * ```
 */
export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor, epsilon: number): tf.Tensor2D {
  const normalise = tf.customGrad((...args) => {
    const [x, weight, save] = args as unknown as [tf.Tensor2D, tf.Tensor, tf.GradSaveFunc];
    const [value, inverse] = forward(x, weight, epsilon);
    save([x, weight, inverse]);
    return {
      value,
      gradFunc: (dy, saved) => {
        const [x, weight, inverse] = saved as [tf.Tensor2D, tf.Tensor, tf.Tensor2D];
        return backward(dy as tf.Tensor2D, x, weight, inverse);
      },
    };
  });
  return normalise(x, weight) as tf.Tensor2D;
}

/** The value and 1/√(mean x² + ε) as [rows, 1]. */
function forward(x: tf.Tensor2D, weight: tf.Tensor, epsilon: number): [tf.Tensor2D, tf.Tensor2D] {
  if (hasFused("rmsNorm")) {
    return runFused("rmsNorm", { x, weight }, { epsilon }) as [tf.Tensor2D, tf.Tensor2D];
  }
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), epsilon)) as tf.Tensor2D;
  return [tf.mul(tf.mul(x, inverse), weight), inverse];
}

function backward(dy: tf.Tensor2D, x: tf.Tensor2D, weight: tf.Tensor, inverse: tf.Tensor2D): tf.Tensor[] {
  if (hasFused("rmsNormGrad")) return runFused("rmsNormGrad", { x, weight, inverse, dy });
  const normed = tf.mul(x, inverse);
  const pushed = tf.mul(dy, weight);
  const along = tf.mean(tf.mul(pushed, normed), 1, true);
  return [tf.mul(inverse, tf.sub(pushed, tf.mul(normed, along))), tf.sum(tf.mul(dy, normed), 0)];
}
