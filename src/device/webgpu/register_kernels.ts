import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../fused.ts";
import { lookUpKernel } from "../table_rows.ts";
import type { WebgpuBackend } from "./backend_internals.ts";
import { adamwKernels } from "./kernels/adamw.ts";
import { catalogKernels } from "./kernels/catalog.ts";
import { dropoutKernels } from "./kernels/dropout.ts";
import { tableRowKernels } from "./kernels/table_rows.ts";

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
  ...catalogKernels,
  ...dropoutKernels,
  ...tableRowKernels,
};

/** Registers this project's kernels for the webgpu backend. */
export function registerWebgpuKernels(): void {
  if (!tf.getKernel(FUSED.lookUp, "webgpu")) tf.registerKernel(lookUpKernel("webgpu"));
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
