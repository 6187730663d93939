import type * as tf from "@tensorflow/tfjs-core";
export function recompute(
  body: (inputs: Record<string, tf.Tensor>) => tf.Tensor,
  inputs: Record<string, tf.Tensor>,
): tf.Tensor {
  return body(inputs);
}
