import * as tf from "@tensorflow/tfjs-core";
export function packHalves(_bits: Uint16Array, _format: string, _shape: readonly number[]): tf.Tensor {
  throw new Error("stub");
}
export function unpackHalves(_packed: tf.Tensor, _format: string): tf.Tensor {
  throw new Error("stub");
}
export function halfRows(_packed: tf.Tensor2D, _i: tf.Tensor, _format: string): tf.Tensor2D {
  throw new Error("stub");
}
