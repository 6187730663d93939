import * as tf from "@tensorflow/tfjs-core";

/** A WGSL kernel of one output, one invocation per element. It sees its inputs and `result` as flat arrays. */
export interface Program {
  /** Names the compiled shader; unique. */
  readonly key: string;
  readonly inputs: readonly string[];
  /** `fn main(index: i32)`; `uniforms.size` elements in all, `uniforms.count` is the program's own number. */
  readonly code: string;
}

/** What this project uses of tfjs's webgpu backend. */
export interface WebgpuBackend extends tf.KernelBackend {
  runWebGPUProgram(
    program: unknown,
    inputs: tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms: { type: string; data: number[] }[],
  ): tf.TensorInfo;
}

const WORKGROUP = 64;
/** The least that every WebGPU device allows in one dimension. */
const MOST_GROUPS = 65535;

/** Runs a program; the result is the caller's to dispose of. */
export function runProgram(
  backend: WebgpuBackend,
  program: Program,
  inputs: tf.TensorInfo[],
  shape: number[],
  dtype: tf.DataType,
  count: number,
): tf.TensorInfo {
  const groups = Math.ceil(tf.util.sizeFromShape(shape) / WORKGROUP);
  const x = Math.min(groups, MOST_GROUPS);
  const description = {
    shaderKey: program.key,
    variableNames: program.inputs,
    outputShape: shape,
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: shape.map((_, i) => i) },
    dispatch: [x, Math.ceil(groups / x), 1],
    uniforms: "count : i32,",
    size: true,
    getUserCode: () => program.code,
  };
  return backend.runWebGPUProgram(description, inputs, dtype, [{ type: "int32", data: [count] }]);
}
