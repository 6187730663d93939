import * as tf from "@tensorflow/tfjs-core";
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { exp } from "../numerics/exponentials.ts";
import { log, log1p } from "../numerics/logarithms.ts";

/** Of one number, by tfjs's name of the kernel. */
const OF_NUMBERS: Readonly<Record<string, (x: number) => number>> = {
  Exp: exp,
  Log: log,
  Sigmoid: (x) => 1 / (1 + exp(-x)),
  Softplus: (x) => x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)),
};

/**
 * Puts this project's functions in the place of the engine's in tfjs's kernels for the cpu, so that its bits do not
 * depend on the engine. The wasm files bring functions of their own.
 */
export function registerCpuElementaryKernels(): void {
  for (const [kernelName, of] of Object.entries(OF_NUMBERS)) {
    replace(kernelName, (inputs, valuesOf) => {
      const { x } = inputs as { x: tf.TensorInfo };
      return { shape: x.shape, values: valuesOf(x).map(of) };
    });
  }
  replace("Softmax", (inputs, valuesOf) => {
    const { logits } = inputs as { logits: tf.TensorInfo };
    return { shape: logits.shape, values: softmax(valuesOf(logits), logits.shape.at(-1)!) };
  });
}

function replace(
  kernelName: string,
  compute: (
    inputs: tf.NamedTensorInfoMap,
    valuesOf: (tensor: tf.TensorInfo) => Float32Array,
  ) => { readonly shape: number[]; readonly values: Float32Array },
): void {
  tf.unregisterKernel(kernelName, "cpu");
  tf.registerKernel({
    kernelName,
    backendName: "cpu",
    kernelFunc: ({ inputs, backend }) => {
      const cpu = backend as MathBackendCPU;
      const { shape, values } = compute(inputs, ({ dataId }) => cpu.data.get(dataId).values as Float32Array);
      return cpu.makeTensorInfo(shape, "float32", values);
    },
  });
}

/** Of each row of the last dimension. */
function softmax(logits: Float32Array, width: number): Float32Array {
  const shares = new Float32Array(logits.length);
  for (let from = 0; from < logits.length; from += width) {
    const row = logits.subarray(from, from + width);
    const top = row.reduce((most, value) => Math.max(most, value), -Infinity);
    const weights = Array.from(row, (value) => exp(value - top));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    shares.set(weights.map((weight) => weight / total), from);
  }
  return shares;
}
