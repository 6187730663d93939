import * as tf from "@tensorflow/tfjs";
import { freeingTape } from "../device/gradient_tape.ts";
import type { Parameters } from "../model/parameters.ts";

/** A loss and its gradient by every parameter. The caller frees both. */
export function valueAndGradients(
  parameters: Parameters,
  loss: (parameters: Parameters) => tf.Scalar,
): { value: tf.Scalar; gradients: Parameters } {
  const names = Object.keys(parameters);
  const take = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
    loss(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])))
  );
  const { value, grads } = freeingTape(() => take(names.map((name) => parameters[name]!)));
  return {
    value: value as tf.Scalar,
    gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])),
  };
}
