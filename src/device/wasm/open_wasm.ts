import * as tf from "@tensorflow/tfjs-core";
import { startWasmBackend, type WasmHeap } from "./backend.ts";
import { registerWasmKernels } from "./register_kernels.ts";
import { type KernelThreads, startKernelThreads } from "./threads.ts";

/** What this project adds to a wasm backend; tfjs keeps the backend itself in a registry of its own. */
interface Runtime {
  readonly heap: WasmHeap;
  threads: KernelThreads;
}

const runtimes = new WeakMap<tf.KernelBackend, Runtime>();

/** Makes wasm the current backend with this many threads, starting or replacing them where they differ. */
export async function openWasm(threads: number): Promise<{ threads: number; shortfall: string | null }> {
  const running = tf.findBackend("wasm") as tf.KernelBackend | null;
  let runtime = running && runtimes.get(running);
  if (!runtime) {
    const heap = await startWasmBackend();
    runtime = { heap, threads: await startKernelThreads(heap, threads) };
    const current = runtime;
    runtimes.set(tf.backend(), current);
    registerWasmKernels(heap, () => current.threads);
  } else if (runtime.threads.threads !== threads) {
    runtime.threads.close();
    runtime.threads = await startKernelThreads(runtime.heap, threads);
  }
  await tf.setBackend("wasm");
  return { threads: runtime.threads.threads, shortfall: runtime.threads.shortfall };
}

/** Ends the helpers of the running wasm backend, if there is one. */
export function closeWasmThreads(): void {
  const running = tf.findBackend("wasm") as tf.KernelBackend | null;
  if (running) runtimes.get(running)?.threads.close();
}
