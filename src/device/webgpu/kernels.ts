import * as tf from "@tensorflow/tfjs-core";
import { ROW_SCATTER_ADD } from "../row_scatter_add.ts";
import { type Program, runProgram, type WebgpuBackend } from "./program.ts";

/*
 * The embedding gradient without float atomics, whose order of addition changes from run to run. Three passes link the
 * positions that share a row into a chain in rising order, then each cell of the table walks its row's chain.
 */

/** head[v] = the first position whose index is v, or −1. */
const HEAD: Program = {
  key: "blade_scatter_head",
  inputs: ["indices"],
  code: `
    fn main(index: i32) {
      if (index >= uniforms.size) { return; }
      var head = -1;
      for (var n = 0; n < uniforms.count; n++) {
        if (indices[n] == index) { head = n; break; }
      }
      result[index] = head;
    }`,
};

/** next[n] = the first position after n with the same index, or −1. */
const NEXT: Program = {
  key: "blade_scatter_next",
  inputs: ["indices"],
  code: `
    fn main(index: i32) {
      if (index >= uniforms.size) { return; }
      var next = -1;
      for (var n = index + 1; n < uniforms.count; n++) {
        if (indices[n] == indices[index]) { next = n; break; }
      }
      result[index] = next;
    }`,
};

/** table[v, c] = the sum of values[n, c] along the chain of v. */
const SUM: Program = {
  key: "blade_scatter_sum",
  inputs: ["values", "head", "next"],
  code: `
    fn main(index: i32) {
      if (index >= uniforms.size) { return; }
      let row = index / uniforms.count;
      let column = index - row * uniforms.count;
      var sum = 0.0;
      for (var n = head[row]; n >= 0; n = next[n]) { sum += values[n * uniforms.count + column]; }
      result[index] = sum;
    }`,
};

/** Registers this project's kernels for the webgpu backend. */
export function registerWebgpuKernels(): void {
  if (tf.getKernel(ROW_SCATTER_ADD, "webgpu")) return;
  tf.registerKernel({
    kernelName: ROW_SCATTER_ADD,
    backendName: "webgpu",
    kernelFunc: ({ inputs, backend, attrs }) => {
      const gpu = backend as unknown as WebgpuBackend;
      const { values, indices } = inputs as { values: tf.TensorInfo; indices: tf.TensorInfo };
      const rows = attrs!.rows as number;
      const [n, width] = values.shape as [number, number];
      const head = runProgram(gpu, HEAD, [indices], [rows], "int32", n);
      const next = runProgram(gpu, NEXT, [indices], [n], "int32", n);
      const table = runProgram(gpu, SUM, [values, head, next], [rows, width], "float32", width);
      gpu.disposeData(head.dataId);
      gpu.disposeData(next.dataId);
      return table;
    },
  });
}
