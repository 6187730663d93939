import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../fused.ts";
import { lookUpKernel } from "../table_rows.ts";
import type { WebgpuBackend } from "./backend_internals.ts";
import type { GpuKernels, OldKernel } from "./gpu_kernel.ts";
import { adamwKernels } from "./kernels/adamw.ts";
import { attentionKernels } from "./kernels/attention.ts";
import { cachedAttentionKernels } from "./kernels/cached_attention.ts";
import { catalogKernels } from "./kernels/catalog.ts";
import { drawKernels } from "./kernels/draw.ts";
import { dropoutKernels } from "./kernels/dropout.ts";
import { gatherKernels } from "./kernels/gather.ts";
import { halfKernels } from "./kernels/halves.ts";
import { logSumExpKernels } from "./kernels/log_sum_exp.ts";
import { matMulKernels } from "./kernels/mat_mul.ts";
import { rmsNormKernels } from "./kernels/rms_norm.ts";
import { rotaryKernels } from "./kernels/rotary.ts";
import { swigluKernels } from "./kernels/swiglu.ts";
import { tableRowKernels } from "./kernels/table_rows.ts";

const KERNELS: GpuKernels = {
  ...adamwKernels,
  ...attentionKernels,
  ...cachedAttentionKernels,
  ...catalogKernels,
  ...drawKernels,
  ...dropoutKernels,
  ...halfKernels,
  ...logSumExpKernels,
  ...rmsNormKernels,
  ...rotaryKernels,
  ...swigluKernels,
  ...tableRowKernels,
};

/** Registers this project's kernels for the webgpu backend, some in place of tfjs's. */
export function registerWebgpuKernels(): void {
  // They are there already where a backend took the place of one whose device is gone.
  if (tf.getKernel(FUSED.adamw, "webgpu")) return;
  if (!tf.getKernel(FUSED.lookUp, "webgpu")) tf.registerKernel(lookUpKernel("webgpu"));
  const old = (name: string): OldKernel => {
    const { kernelFunc } = tf.getKernel(name, "webgpu");
    return (inputs, attrs) =>
      [kernelFunc({ inputs: inputs as tf.NamedTensorInfoMap, backend: tf.backend(), attrs })].flat();
  };
  const replacing = { ...matMulKernels(old("BatchMatMul")), ...gatherKernels(old("GatherV2")) };
  for (const [kernelName, kernel] of Object.entries({ ...KERNELS, ...replacing })) {
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
