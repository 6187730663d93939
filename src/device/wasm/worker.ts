/**
 * A helper thread: it instantiates the kernels on the backend's memory, says so, and serves jobs until it is
 * ended.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { boardOf, serveJobs } from "./jobs.ts";
import { instantiateKernels } from "./kernel_names.ts";

/** What the main thread sends once. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly board: SharedArrayBuffer;
  readonly scratch: number;
}

parentPort!.once("message", async ({ module, memory, board, scratch }: WorkerStart) => {
  const kernels = await instantiateKernels(module, memory, scratch);
  parentPort!.postMessage("ready");
  serveJobs(boardOf(board), (kernel, values, from, to) => kernels[kernel]!(...values, from, to));
});
