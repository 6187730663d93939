import * as tf from "@tensorflow/tfjs-core";
import type { WebgpuBackend } from "./backend_internals.ts";
import { adamwKernels } from "./kernels/adamw.ts";
import { cachedAttentionKernels } from "./kernels/cached_attention.ts";
import { drawKernels } from "./kernels/draw.ts";
import { dropoutKernels } from "./kernels/dropout.ts";
import { rowScatterAddKernels } from "./kernels/row_scatter_add.ts";

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
  ...cachedAttentionKernels,
  ...drawKernels,
  ...dropoutKernels,
  ...rowScatterAddKernels,
};

/** Registers this project's kernels for the webgpu backend. */
export function registerWebgpuKernels(): void {
  for (const [kernelName, kernel] of Object.entries(KERNELS)) {
    if (tf.getKernel(kernelName, "webgpu")) continue;
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
