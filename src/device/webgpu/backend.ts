import * as tf from "@tensorflow/tfjs-core";
import { BladeError } from "../../core/errors.ts";
import { executorOf, useExecutor } from "../executor.ts";
import type { WebgpuBackend } from "./backend_internals.ts";
import { createRecorder } from "./recorder.ts";
import { registerWebgpuKernels } from "./register_kernels.ts";

/**
 * Starts tfjs's webgpu backend with settings that keep bits and device what they seem: no silent step aside to the
 * processor for small tensors, no matrix product that adds partial sums by float atomics.
 *
 * @throws {BladeError} when the backend does not start.
 */
export async function startWebgpuBackend(): Promise<void> {
  await import("@tensorflow/tfjs-backend-webgpu");
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  tf.env().set("WEBGPU_THRESHOLD_TO_INCREASE_WORKGROUPS_FOR_MATMUL", 1);
  let reason = "tfjs gave no reason";
  const started = await tf.setBackend("webgpu").catch((error: unknown) => {
    reason = error instanceof Error ? error.message : String(error);
    return false;
  });
  if (!started) {
    throw new BladeError({
      place: "device webgpu",
      rule: "the GPU must accept a device",
      value: reason,
      mend: "update its driver, or choose --device wasm",
    });
  }
  const backend = tf.backend() as unknown as WebgpuBackend;
  if (executorOf(backend)) return;
  registerWebgpuKernels();
  useExecutor(backend, createRecorder(backend));
}
