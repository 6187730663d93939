import * as tf from "@tensorflow/tfjs-core";
import { hasFused, runFused } from "./fused.ts";

/**
 * Rotary positions (arXiv 2104.09864): turns the pair (x[i], x[i + half]) by its position's angle, the layout of
 * Llama checkpoints. Not differentiable in the angles.
 *
 * @param x [rows, heads, T, 2·half]
 * @param cos [rows or 1, 1, T, half]
 * @param sin [rows or 1, 1, T, half]
 * @returns [rows, heads, T, 2·half]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { rotary } from "./ops_rotary.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const quarterTurn = rotary(tf.tensor4d([[[[1, 2]]]]), tf.tensor4d([[[[0]]]]), tf.tensor4d([[[[1]]]]));
 * assertEquals([...quarterTurn.dataSync()], [-2, 1]);
 * ```
 */
export function rotary(x: tf.Tensor, cos: tf.Tensor4D, sin: tf.Tensor4D): tf.Tensor4D {
  const turned = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor4D, tf.GradSaveFunc];
    save([cos, sin]);
    return {
      value: turn(x, cos, sin, 1),
      gradFunc: (dy, saved) => {
        const [cos, sin] = saved as [tf.Tensor4D, tf.Tensor4D];
        return turn(dy as tf.Tensor4D, cos, sin, -1);
      },
    };
  });
  return turned(x) as tf.Tensor4D;
}

function turn(x: tf.Tensor4D, cos: tf.Tensor4D, sin: tf.Tensor4D, sign: 1 | -1): tf.Tensor4D {
  if (hasFused("rotary")) return runFused("rotary", { x, cos, sin }, { sign })[0] as tf.Tensor4D;
  const [a, b] = tf.split(x, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
  const s = sign === 1 ? sin : tf.neg(sin);
  return tf.concat([
    tf.sub(tf.mul(a, cos), tf.mul(b, s)),
    tf.add(tf.mul(b, cos), tf.mul(a, s)),
  ], 3) as tf.Tensor4D;
}
