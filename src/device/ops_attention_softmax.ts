import * as tf from "@tensorflow/tfjs-core";
import { hasFused, runFused } from "./fused.ts";

/**
 * softmax(scale·scores + mask) over the last axis: attention weights. Not differentiable in the mask.
 *
 * @param scores [rows, heads, queries, keys]
 * @param mask additive, [rows or 1, 1, queries or 1, keys], or null; a row of it must leave at least one key.
 * @returns [rows, heads, queries, keys]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { attentionSoftmax } from "./ops_attention_softmax.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const weights = attentionSoftmax(tf.tensor4d([[[[5, 5, 9]]]]), tf.tensor4d([[[[0, 0, -1e9]]]]), 2);
 * assertEquals([...weights.dataSync()], [0.5, 0.5, 0]);
 * ```
 */
export function attentionSoftmax(scores: tf.Tensor4D, mask: tf.Tensor4D | null, scale: number): tf.Tensor4D {
  const weights = tf.customGrad((...args) => {
    const [scores, save] = args as unknown as [tf.Tensor4D, tf.GradSaveFunc];
    const value = forward(scores, mask, scale);
    save([value]);
    return {
      value,
      gradFunc: (dy, saved) => backward(dy as tf.Tensor4D, (saved as [tf.Tensor4D])[0], scale),
    };
  });
  return weights(scores) as tf.Tensor4D;
}

function forward(scores: tf.Tensor4D, mask: tf.Tensor4D | null, scale: number): tf.Tensor4D {
  if (hasFused("attentionSoftmax")) {
    const inputs: tf.NamedTensorMap = mask ? { scores, mask } : { scores };
    return runFused("attentionSoftmax", inputs, { scale })[0] as tf.Tensor4D;
  }
  const scaled = tf.mul(scores, scale);
  return tf.softmax(mask ? tf.add(scaled, mask) : scaled) as tf.Tensor4D;
}

function backward(dy: tf.Tensor4D, weights: tf.Tensor4D, scale: number): tf.Tensor4D {
  if (hasFused("attentionSoftmaxGrad")) {
    return runFused("attentionSoftmaxGrad", { weights, dy }, { scale })[0] as tf.Tensor4D;
  }
  const weighted = tf.mul(weights, dy);
  return tf.mul(tf.sub(weighted, tf.mul(weights, tf.sum(weighted, 3, true))), scale) as tf.Tensor4D;
}
