import { Worker } from "node:worker_threads";
import type { WasmHeap } from "./backend.ts";
import { boardOf, closeBoard, createBoardBuffer, MAX_PARTS, runJob, type RunPart } from "./jobs.ts";
import { instantiateKernels, KERNEL_NAMES, type KernelName, SCRATCH_BYTES } from "./kernel_names.ts";
import type { WorkerStart } from "./worker.ts";

/** The project's kernels on the backend's memory, run by this thread and its helpers. */
export interface KernelThreads {
  /** Threads that work, this one included. */
  readonly threads: number;
  /** Why there are fewer than were asked for, or null. */
  readonly shortfall: string | null;
  /**
   * Runs a kernel on units 0 … units−1 and returns when it is done.
   *
   * @param unitWork floating-point operations of a unit, roughly: decides how far it is worth cutting.
   */
  run(kernel: KernelName, values: number[], units: number, unitWork: number): void;
  /** Ends the helpers; the kernels go on on this thread. */
  close(): void;
}

/** Work under this many operations is done before a helper would have woken up. */
const WORTH_SHARING = 200_000;
/** More parts than threads, so that a thread that the system holds up does not hold up the others. */
const PARTS_PER_THREAD = 4;

/** Compiles kernels.wasm and starts `threads` − 1 helpers. */
export async function startKernelThreads(heap: WasmHeap, threads: number): Promise<KernelThreads> {
  const bytes = await Deno.readFile(new URL("./kernels.wasm", import.meta.url));
  const module = await WebAssembly.compile(bytes);
  const kernels = await instantiateKernels(module, heap.memory, heap.allocate(SCRATCH_BYTES));
  const run: RunPart = (kernel, values, from, to) => kernels[kernel]!(...values, from, to);
  const buffer = createBoardBuffer();
  const board = boardOf(buffer);
  const workers: Worker[] = [];
  let shortfall: string | null = null;
  try {
    while (workers.length < threads - 1) {
      const start = { module, memory: heap.memory, board: buffer, scratch: heap.allocate(SCRATCH_BYTES) };
      workers.push(await startWorker(start));
    }
  } catch (error) {
    shortfall = error instanceof Error ? error.message : String(error);
  }
  let helpers = workers.length;
  return {
    get threads() {
      return helpers + 1;
    },
    shortfall,
    run(kernel, values, units, unitWork) {
      const index = KERNEL_NAMES.indexOf(kernel);
      const parts = Math.min(
        units,
        MAX_PARTS,
        PARTS_PER_THREAD * (helpers + 1),
        Math.floor(units * unitWork / WORTH_SHARING),
      );
      if (helpers === 0 || parts < 2) run(index, values, 0, units);
      else runJob(board, { kernel: index, values, units, parts }, run);
    },
    close() {
      helpers = 0;
      // Wakes them first: a thread that waits on memory does not see that it is ended.
      closeBoard(board);
      for (const worker of workers.splice(0)) void worker.terminate();
    },
  };
}

/** Node's `Worker`, because it alone can be unref'd: a helper that waits for work must not keep the process alive. */
function startWorker(start: WorkerStart): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url));
    worker.once("error", reject);
    worker.once("message", () => {
      worker.off("error", reject);
      worker.unref();
      resolve(worker);
    });
    worker.postMessage(start);
  });
}
