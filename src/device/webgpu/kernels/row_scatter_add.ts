import type * as tf from "@tensorflow/tfjs-core";
import { ROW_SCATTER_ADD } from "../../row_scatter_add.ts";
import { type GpuKernel, runGpuKernel } from "../gpu_kernel.ts";
import type { GpuKernels } from "../register_kernels.ts";

/*
 * The embedding gradient without float atomics, whose order of addition changes from run to run: positions are sorted
 * by their row, those of one row in rising order, and each row of the table sums its segment.
 */

const LANES = 64;

/** order[rank of n] = n, its rank being the number of positions that come before it in the order. */
const SORT: GpuKernel = {
  key: "blade scatter sort",
  inputs: ["indices: i32"],
  outputs: ["order: i32"],
  uniforms: ["count: u32"],
  lanes: LANES,
  code: `
    var<workgroup> tile: array<i32, LANES>;
    fn run(unit: u32, lane: u32) {
      let n = unit * LANES + lane;
      let row = indices[min(n, uniforms.count - 1u)];
      var rank = 0u;
      for (var first = 0u; first < uniforms.count; first += LANES) {
        workgroupBarrier();
        tile[lane] = indices[min(first + lane, uniforms.count - 1u)];
        workgroupBarrier();
        let size = min(LANES, uniforms.count - first);
        for (var i = 0u; i < size; i++) {
          let other = tile[i];
          rank += select(0u, 1u, other < row || other == row && first + i < n);
        }
      }
      if (n < uniforms.count) { order[rank] = i32(n); }
    }`,
};

/** Row `unit` of the table: its first place in the order is found by halving. */
const SUM: GpuKernel = {
  key: "blade scatter sum",
  inputs: ["values: f32", "indices: i32", "order: i32"],
  outputs: ["table: f32"],
  uniforms: ["count: u32", "width: u32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let row = i32(unit);
      var first = 0u;
      var end = uniforms.count;
      while (first < end) {
        let middle = (first + end) / 2u;
        if (indices[order[middle]] < row) { first = middle + 1u; } else { end = middle; }
      }
      for (var column = lane; column < uniforms.width; column += LANES) {
        var sum = 0.0;
        for (var at = first; at < uniforms.count; at++) {
          let n = order[at];
          if (indices[n] != row) { break; }
          sum += values[u32(n) * uniforms.width + column];
        }
        table[unit * uniforms.width + column] = sum;
      }
    }`,
};

export const rowScatterAddKernels: GpuKernels = {
  [ROW_SCATTER_ADD]: (backend, { values, indices }, { rows }) => {
    const [count, width] = values!.shape as [number, number];
    const [order] = runGpuKernel(backend, SORT, {
      inputs: [indices!],
      outputs: [[count]],
      uniforms: [count],
      units: Math.ceil(count / LANES),
    }) as [tf.TensorInfo];
    const table = runGpuKernel(backend, SUM, {
      inputs: [values!, indices!, order],
      outputs: [[rows!, width]],
      uniforms: [count, width],
      units: rows!,
    });
    backend.disposeData(order.dataId);
    return table;
  },
};
