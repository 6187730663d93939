/**
 * A helper thread: it instantiates the kernels on the backend's memory, says so, and serves jobs until the board is
 * closed.
 *
 * @module
 */
import { boardOf, serveJobs } from "./jobs.ts";
import { instantiateKernels } from "./kernel_names.ts";

/** What the main thread sends once. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly board: SharedArrayBuffer;
  readonly scratch: number;
}

interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerStart>) => void) | null;
  postMessage(message: string): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = async ({ data: { module, memory, board, scratch } }) => {
  const kernels = await instantiateKernels(module, memory, scratch);
  scope.postMessage("ready");
  serveJobs(boardOf(board), (kernel, values, from, to) => kernels[kernel]!(...values, from, to));
  scope.close();
};
