import type * as tf from "@tensorflow/tfjs-core";

type Values = (tensor: tf.TensorInfo) => Float32Array;
type Output = (shape: number[], values: Float32Array) => tf.TensorInfo;
type Inputs = Readonly<Record<string, tf.TensorInfo>>;
/** A kernel on the values of its inputs, which it may change in place. */
export type CpuKernel = (
  inputs: Inputs,
  attributes: Record<string, number>,
  values: Values,
  output: Output,
) =>
  | tf.TensorInfo
  | tf.TensorInfo[];
