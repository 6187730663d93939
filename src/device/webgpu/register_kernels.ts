import * as tf from "@tensorflow/tfjs-core";
import type { WebgpuBackend } from "./backend_internals.ts";
import { adamwKernels } from "./kernels/adamw.ts";
import { attentionKernels } from "./kernels/attention.ts";
import { cachedAttentionKernels } from "./kernels/cached_attention.ts";
import { drawKernels } from "./kernels/draw.ts";
import { dropoutKernels } from "./kernels/dropout.ts";
import { logSumExpKernels } from "./kernels/log_sum_exp.ts";
import { matMulKernels } from "./kernels/mat_mul.ts";
import { rmsNormKernels } from "./kernels/rms_norm.ts";
import { rotaryKernels } from "./kernels/rotary.ts";
import { rowScatterAddKernels } from "./kernels/row_scatter_add.ts";
import { swigluKernels } from "./kernels/swiglu.ts";

/** Kernels by the name that tfjs runs them under. */
export type GpuKernels = Readonly<
  Record<
    string,
    (
      backend: WebgpuBackend,
      inputs: Readonly<Record<string, tf.TensorInfo>>,
      attributes: Readonly<Record<string, number>>,
    ) => tf.TensorInfo[]
  >
>;

const KERNELS: GpuKernels = {
  ...adamwKernels,
  ...attentionKernels,
  ...cachedAttentionKernels,
  ...drawKernels,
  ...dropoutKernels,
  ...logSumExpKernels,
  ...rmsNormKernels,
  ...rotaryKernels,
  ...rowScatterAddKernels,
  ...swigluKernels,
};

/** Registers this project's kernels for the webgpu backend, some in place of tfjs's. */
export function registerWebgpuKernels(): void {
  const replaced = tf.getKernel("BatchMatMul", "webgpu");
  const old: Parameters<typeof matMulKernels>[0] = (inputs, attrs) =>
    [replaced.kernelFunc({ inputs: inputs as tf.NamedTensorInfoMap, backend: tf.backend(), attrs })].flat();
  for (const [kernelName, kernel] of Object.entries({ ...KERNELS, ...matMulKernels(old) })) {
    if (tf.getKernel(kernelName, "webgpu")) tf.unregisterKernel(kernelName, "webgpu");
    tf.registerKernel({
      kernelName,
      backendName: "webgpu",
      kernelFunc: ({ inputs, backend, attrs }) => {
        const made = kernel(
          backend as unknown as WebgpuBackend,
          inputs as Record<string, tf.TensorInfo>,
          (attrs ?? {}) as unknown as Record<string, number>,
        );
        return made.length === 1 ? made[0]! : made;
      },
    });
  }
}
