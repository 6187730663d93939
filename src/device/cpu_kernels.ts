import * as tf from "@tensorflow/tfjs-core";
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { keyOfWords } from "../numerics/random.ts";
import { CPU_DECODING_KERNELS } from "./cpu_decoding_kernels.ts";
import { FUSED } from "./fused.ts";
import { ROW_SCATTER_ADD } from "./row_scatter_add.ts";

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

/** The project's own kernels that every backend has, as plain loops: the reference for the other backends. */
const KERNELS: Readonly<Record<string, CpuKernel>> = {
  ...CPU_DECODING_KERNELS,

  [ROW_SCATTER_ADD]: ({ values, indices }, attributes, valuesOf, output) => {
    const [rows, width] = [attributes["rows"]!, values!.shape[1]!];
    const from = valuesOf(values!);
    const table = new Float32Array(rows * width);
    for (const [i, row] of valuesOf(indices!).entries()) {
      for (let c = 0; c < width; c++) table[row * width + c]! += from[i * width + c]!;
    }
    return output([rows, width], table);
  },

  [FUSED.dropout]: ({ x, keys }, attributes, valuesOf, output) => {
    const { place, threshold, scale } = attributes as { place: number; threshold: number; scale: number };
    const words = valuesOf(keys!);
    const { bits } = keyOfWords(words[2 * place]!, words[2 * place + 1]!);
    return output(
      x!.shape,
      valuesOf(x!).map((value, i) =>
        ((bits(i >> 1) >>> 16 * (i & 1)) & 0xffff) < threshold ? 0 : value * scale
      ),
    );
  },

  [FUSED.squaredNorm]: (inputs, _, valuesOf, output) => {
    let sum = 0;
    for (const tensor of Object.values(inputs)) for (const value of valuesOf(tensor)) sum += value * value;
    return output([], Float32Array.of(sum));
  },

  [FUSED.adamw]: ({ parameter, first, second, gradient, squares, numbers }, attributes, valuesOf) => {
    const { b1, b2, epsilon, weightDecay, clipNorm } = attributes as Record<
      "b1" | "b2" | "epsilon" | "weightDecay" | "clipNorm",
      number
    >;
    const norm = Math.sqrt(valuesOf(squares!)[0]!);
    if (!Number.isFinite(norm)) return [];
    const shrink = Math.min(1, clipNorm / norm);
    const [rate, meanShare, squareShare] = valuesOf(numbers!) as unknown as [number, number, number];
    const [p, m, v] = [valuesOf(parameter!), valuesOf(first!), valuesOf(second!)];
    valuesOf(gradient!).forEach((raw, i) => {
      const g = raw * shrink;
      m[i] = b1 * m[i]! + (1 - b1) * g;
      v[i] = b2 * v[i]! + (1 - b2) * g * g;
      const step = m[i]! / meanShare / (Math.sqrt(v[i]! / squareShare) + epsilon);
      p[i]! -= rate * (step + weightDecay * p[i]!);
    });
    return [];
  },
};

/** Registers them for the cpu backend. */
export function registerCpuKernels(): void {
  for (const [kernelName, kernel] of Object.entries(KERNELS)) {
    if (tf.getKernel(kernelName, "cpu")) continue;
    tf.registerKernel({
      kernelName,
      backendName: "cpu",
      kernelFunc: ({ inputs, backend, attrs }) => {
        const cpu = backend as MathBackendCPU;
        return kernel(
          inputs as Inputs,
          attrs as Record<string, number>,
          ({ dataId }) => cpu.data.get(dataId).values as Float32Array,
          (shape, values) => cpu.makeTensorInfo(shape, "float32", values),
        );
      },
    });
  }
}
