import * as tf from "@tensorflow/tfjs-core";
import { startWasmBackend, type WasmHeap } from "./backend.ts";
import { type MultiplyBatch, multiplyByKernel } from "./multiply_batch.ts";
import { registerWasmKernels } from "./register_kernels.ts";
import { type KernelThreads, startKernelThreads } from "./threads.ts";

/** Something else than this project's kernel that computes matrix products, on the backend's memory. */
export interface MatrixProducts {
  /** @param own the project's kernel, for what is better left to it. */
  on(memory: WebAssembly.Memory, own: MultiplyBatch): MultiplyBatch;
  /** From now on with one thread. */
  release(): void;
}

/** What this project adds to a wasm backend; tfjs keeps the backend itself in a registry of its own. */
interface Runtime {
  readonly heap: WasmHeap;
  threads: KernelThreads;
  multiply: MultiplyBatch;
  products: MatrixProducts | null;
}

const runtimes = new WeakMap<tf.KernelBackend, Runtime>();

/**
 * Makes wasm the current backend with this many threads, starting or replacing them where they differ.
 *
 * @param products what multiplies matrices in place of this project's kernel.
 */
export async function openWasm(
  threads: number,
  products: MatrixProducts | null = null,
): Promise<{ threads: number; shortfall: string | null }> {
  const running = tf.findBackend("wasm") as tf.KernelBackend | null;
  let runtime = running && runtimes.get(running);
  if (!runtime) {
    const heap = await startWasmBackend();
    runtime = { heap, threads: await startKernelThreads(heap, threads), multiply: () => {}, products: null };
    const current = runtime;
    runtimes.set(tf.backend(), current);
    registerWasmKernels(heap, () => current.threads, (batch) => current.multiply(batch));
  } else if (runtime.threads.threads !== threads) {
    runtime.threads.close();
    runtime.threads = await startKernelThreads(runtime.heap, threads);
  }
  const current = runtime;
  const own = multiplyByKernel((...job) => current.threads.run(...job));
  current.multiply = products === null ? own : products.on(current.heap.memory, own);
  current.products = products;
  await tf.setBackend("wasm");
  return { threads: current.threads.threads, shortfall: current.threads.shortfall };
}

/** Ends the helpers of the running wasm backend, if there is one. */
export function closeWasmThreads(): void {
  const running = tf.findBackend("wasm") as tf.KernelBackend | null;
  const runtime = running && runtimes.get(running);
  runtime?.threads.close();
  runtime?.products?.release();
}
