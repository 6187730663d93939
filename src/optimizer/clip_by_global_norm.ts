import * as tf from "@tensorflow/tfjs";
import { mapTree, type ParameterTree } from "./parameter_tree.ts";
import type { Transform } from "./transform.ts";

/**
 * Shrinks all updates together so that their Euclidean norm is at most `max`, and reports the norm that they had as
 * the metric `gradientNorm`. Everything stays on the device.
 *
 * @param max Largest norm, > 0; Infinity measures only.
 *
 * @example
 * ```ts
 * import "@tensorflow/tfjs-backend-cpu";
 * import * as tf from "@tensorflow/tfjs";
 * import { clipByGlobalNorm } from "./clip_by_global_norm.ts";
 * import { assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const updates = { w: tf.tensor1d([3]), b: tf.tensor1d([4]) };
 * const clipped = clipByGlobalNorm(2.5).apply(updates, {}, { step: 1, parameters: {} });
 * assertEquals(clipped.metrics.gradientNorm!.dataSync()[0], 5);
 * assertEquals(clipped.updates.w!.dataSync()[0], 1.5);
 * ```
 */
export function clipByGlobalNorm(max: number): Transform {
  return {
    name: "clipByGlobalNorm",
    init: () => ({}),
    apply(updates, state) {
      const gradientNorm = globalNorm(updates);
      if (max === Infinity) return { updates, state, metrics: { gradientNorm } };
      // max / max(norm, max): 1 for what is short enough, without a division by zero.
      const factor = tf.div(max, tf.maximum(gradientNorm, max));
      return {
        updates: mapTree(updates, (update) => tf.mul(update, factor)),
        state,
        metrics: { gradientNorm },
      };
    },
  };
}

/** Euclidean norm of all numbers of a tree together. */
export function globalNorm(tree: ParameterTree): tf.Scalar {
  return tf.tidy(() => {
    const squares = Object.values(tree).map((tensor) => tf.sum(tf.square(tensor)) as tf.Scalar);
    return tf.sqrt(squares.length === 0 ? tf.scalar(0) : tf.addN(squares)) as tf.Scalar;
  });
}
