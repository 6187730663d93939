import * as tf from "@tensorflow/tfjs-core";
import { BladeError } from "../../core/errors.ts";
import { executorOf, useExecutor } from "../executor.ts";
import type { WebgpuBackend } from "./backend_internals.ts";
import { createRecorder } from "./recorder.ts";
import { registerWebgpuKernels } from "./register_kernels.ts";

/**
 * Dispatches that are handed over at once: on an H200 rollouts of 589 took 8.6 ms, in one go 10.3 to 11.2, and training
 * steps no longer.
 */
const PORTION = 128;

/**
 * Starts tfjs's webgpu backend with settings that keep bits and device what they seem: no silent step aside to the
 * processor for small tensors, no matrix product that adds partial sums by float atomics.
 *
 * @param played whether the processor plays the GPU: then handing work over waits for what was handed over before.
 * @throws {BladeError} when the backend does not start.
 */
export async function startWebgpuBackend(played: boolean): Promise<void> {
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
  useExecutor(backend, createRecorder(backend, played ? Infinity : PORTION));
}

/**
 * Drops the webgpu backend, whose device is gone, so that the next start makes another. Its tensors are gone with it:
 * nothing may use them, nor free them.
 */
export function dropWebgpuBackend(): void {
  const factory = tf.findBackendFactory("webgpu");
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", factory);
}
