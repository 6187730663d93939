import * as tf from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import os from "node:os";
import workerThreads from "node:worker_threads";
import { BladeError } from "../../core/errors.ts";
import { OutOfDeviceMemory } from "../faults.ts";

/** What this project uses of tfjs's wasm backend beyond its declared types. */
export interface WasmHeap {
  readonly memory: WebAssembly.Memory;
  /** Byte offset of a tensor's data. */
  offset(tensor: tf.TensorInfo): number;
  output(shape: number[], dtype: "float32" | "int32" | "bool"): tf.TensorInfo;
  /** Another handle on the same data. */
  share(tensor: tf.TensorInfo): tf.TensorInfo;
  /** Frees a tensor that never left a kernel. */
  free(tensor: tf.TensorInfo): void;
  allocate(bytes: number): number;
}

/**
 * Starts tfjs's wasm backend on shared memory, so that threads of this project can work on its tensors. Of tfjs's
 * builds only the threaded one has shared memory; its own threads are not started, because their workers do not run in
 * Deno and its kernels gain nothing from them that the project's own threads do not give.
 *
 * @throws {BladeError} when the backend does not start.
 */
export async function startWasmBackend(): Promise<WasmHeap> {
  const { threadsCount } = await withIdleWorkers(async () => {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    wasm.setThreadsCount(1);
    // The flag's own test answers false under Node's globals; it must be asked once before it can be set.
    await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT");
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
    // A failed start answers false here instead of throwing.
    return { threadsCount: await tf.setBackend("wasm") ? wasm.getThreadsCount() : 0 };
  });
  const backend = tf.findBackend("wasm") as BackendWasm | null;
  const heap = backend?.wasm as unknown as EmscriptenHeap | undefined;
  if (threadsCount === 0 || !backend || !(heap?.wasmMemory instanceof WebAssembly.Memory)) {
    throw new BladeError({
      place: "device wasm",
      rule: "tfjs's WebAssembly file must load",
      mend: "allow reading node_modules (deno run -P does), or choose --device cpu for a tiny run",
    });
  }
  refuseWhatDoesNotFit(heap);
  return {
    memory: heap.wasmMemory,
    offset: ({ dataId }) => backend.getMemoryOffset(dataId as object) >>> 0,
    output: (shape, dtype) => backend.makeOutput(shape, dtype),
    share: ({ dataId, shape, dtype }) => {
      backend.incRef(dataId as object);
      return { dataId, shape, dtype };
    },
    free: ({ dataId }) => void backend.disposeData(dataId as object),
    allocate: (bytes) => heap._malloc(bytes) >>> 0,
  };
}

interface EmscriptenHeap {
  readonly wasmMemory?: WebAssembly.Memory;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

/** What a 32-bit address reaches. */
const ADDRESSABLE = 2 ** 32;

/**
 * tfjs takes malloc's 0 for an address and writes there, and a size of 2³² or more wraps to a small one. Either must
 * stop the run instead.
 */
function refuseWhatDoesNotFit(heap: EmscriptenHeap): void {
  // Emscripten's stub puts the real function in its own place when it is first called.
  heap._free(heap._malloc(1));
  const malloc = heap._malloc;
  heap._malloc = (bytes) => {
    const pointer = bytes < ADDRESSABLE ? malloc(bytes) : 0;
    if (pointer === 0 && bytes > 0) throw new OutOfDeviceMemory("wasm", `${bytes} bytes more`);
    return pointer;
  };
}

/**
 * The threaded build asks for eight workers before it starts, puts Node's `Worker` in place of the global one, and counts
 * the cores by a call that needs a permission of its own. While it starts, Node's `Worker` is one that only says that it
 * loaded, and the count is what every script may know; afterwards all are what they were.
 */
async function withIdleWorkers<T>(start: () => Promise<T>): Promise<T> {
  const [nodeWorker, globalWorker, cpus] = [workerThreads.Worker, globalThis.Worker, os.cpus];
  const replaceable = workerThreads as { Worker: unknown };
  replaceable.Worker = IdleWorker;
  os.cpus = () => new Array(navigator.hardwareConcurrency);
  try {
    return await start();
  } finally {
    replaceable.Worker = nodeWorker;
    globalThis.Worker = globalWorker;
    os.cpus = cpus;
  }
}

class IdleWorker {
  onmessage: ((event: { data: { cmd: string } }) => void) | null = null;
  on(): void {}
  ref(): void {}
  unref(): void {}
  terminate(): void {}
  postMessage({ cmd }: { cmd: string }): void {
    if (cmd === "load") queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }));
  }
}
