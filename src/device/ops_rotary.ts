import * as tf from "@tensorflow/tfjs-core";
import { hasFused, runFused } from "./fused.ts";

/**
 * Rotary positions (arXiv 2104.09864) on the first `rotated` heads of each row, whose pairs (x[i], x[i + half]) are
 * turned by their position's angle: the layout of Llama checkpoints. The heads behind them are left as they are. Not
 * differentiable in the angles.
 *
 * @param x [n, heads·head] heads side by side, e.g. queries, keys and then values
 * @param positions int32, n numbers in any shape: rows of `angles`
 * @param angles [places, head] cosines, then sines, of half a head each
 * @returns [n, heads·head]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { rotary } from "./ops_rotary.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const angles = tf.tensor2d([[1, 0], [0, 1]]); // no turn, a quarter turn
 * const turned = rotary(tf.tensor2d([[1, 2, 3, 4]]), tf.tensor1d([1], "int32"), angles, 1);
 * assertEquals([...turned.dataSync()], [-2, 1, 3, 4]);
 * ```
 */
export function rotary(
  x: tf.Tensor2D,
  positions: tf.Tensor,
  angles: tf.Tensor,
  rotated: number,
): tf.Tensor2D {
  const turned = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    save([positions, angles]);
    return {
      value: turn(x, positions, angles, rotated, 1),
      gradFunc: (dy, saved) => {
        const [positions, angles] = saved as [tf.Tensor, tf.Tensor];
        return turn(dy as tf.Tensor2D, positions, angles, rotated, -1);
      },
    };
  });
  return turned(x) as tf.Tensor2D;
}

function turn(
  x: tf.Tensor2D,
  positions: tf.Tensor,
  angles: tf.Tensor,
  rotated: number,
  sign: 1 | -1,
): tf.Tensor2D {
  if (hasFused("rotary")) {
    return runFused("rotary", { x, positions, angles }, { rotated, sign })[0] as tf.Tensor2D;
  }
  const head = angles.shape[1]!;
  const [n, width] = x.shape;
  const [front, back] = tf.split(x, [rotated * head, width - rotated * head], 1) as [tf.Tensor, tf.Tensor];
  const [a, b] = tf.split(tf.reshape(front, [n, rotated, head]), 2, 2) as [tf.Tensor, tf.Tensor];
  const rows = tf.reshape(tf.gather(angles, tf.reshape(positions, [n])), [n, 1, head]);
  const [cos, sin] = tf.split(rows, 2, 2) as [tf.Tensor, tf.Tensor];
  const s = sign === 1 ? sin : tf.neg(sin);
  const both = tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, s)), tf.add(tf.mul(b, cos), tf.mul(a, s))], 2);
  return tf.concat([tf.reshape(both, [n, rotated * head]), back], 1) as tf.Tensor2D;
}
