import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "./fused.ts";

/**
 * Inverted dropout: element i is kept, and scaled by 1/(1−rate), or zero, as 16 bits of the counter i>>1 of a key say
 * (`RandomKey.bits`): the same elements on every device.
 *
 * @param x any shape, fewer than 2³² elements
 * @param keys [places, 2] int32: the words of a key for each place that drops
 * @param place row of `keys`
 * @param rate in [0, 1)
 * @param rows [rows of x] int32: the row that each row of x counts as, on the devices cpu and webgpu; its own when left out
 * @returns the shape of x
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { dropout } from "./ops_dropout.ts";
 * import { assert } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const kept = dropout(tf.ones([100]), tf.tensor2d([[1, 2]], [1, 2], "int32"), 0, 0.5).dataSync();
 * assert(kept.every((x) => x === 0 || x === 2) && kept.includes(0) && kept.includes(2));
 * ```
 */
export function dropout(
  x: tf.Tensor,
  keys: tf.Tensor,
  place: number,
  rate: number,
  rows?: tf.Tensor,
): tf.Tensor {
  if (rate === 0) return x;
  const attributes = { place, threshold: Math.round(rate * 65536), scale: 1 / (1 - rate) };
  const thinned = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save(rows === undefined ? [keys] : [keys, rows]);
    const thin = (x: tf.Tensor, [keys, rows]: readonly tf.Tensor[]) =>
      runFused("dropout", { x, keys: keys!, ...(rows === undefined ? {} : { rows }) }, attributes)[0]!;
    return {
      value: thin(x, rows === undefined ? [keys] : [keys, rows]),
      gradFunc: (dy, saved) => thin(dy as tf.Tensor, saved as tf.Tensor[]),
    };
  });
  return thinned(x);
}
