import type * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { type GpuKernel, runGpuKernel } from "../gpu_kernel.ts";
import type { GpuKernels } from "../register_kernels.ts";

/*
 * The embedding gradient without float atomics, whose order of addition changes from run to run: positions are sorted
 * by their row, those of one row in rising order, and each row of the table adds its segment.
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
    fn run(unit: u32, lane: u32) {
      let n = unit * LANES + lane;
      if (n >= uniforms.count) { return; }
      let row = indices[n];
      var rank = 0u;
      for (var m = 0u; m < n; m++) { rank += select(0u, 1u, indices[m] <= row); }
      for (var m = n + 1u; m < uniforms.count; m++) { rank += select(0u, 1u, indices[m] < row); }
      order[rank] = i32(n);
    }`,
};

/** Place `unit` of the order, where it is the first of its row, adds that row's segment. */
const ADD: GpuKernel = {
  key: "blade scatter add",
  inputs: ["values: f32", "indices: i32", "order: i32"],
  updates: ["table: f32"],
  uniforms: ["count: u32", "width: u32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let row = indices[order[unit]];
      if (unit > 0u && indices[order[unit - 1u]] == row) { return; }
      for (var column = lane; column < uniforms.width; column += LANES) {
        let to = u32(row) * uniforms.width + column;
        var sum = table[to];
        for (var at = unit; at < uniforms.count; at++) {
          let n = order[at];
          if (indices[n] != row) { break; }
          sum += values[u32(n) * uniforms.width + column];
        }
        table[to] = sum;
      }
    }`,
};

const PUT: GpuKernel = {
  key: "blade put rows",
  inputs: ["values: f32"],
  updates: ["table: f32"],
  uniforms: ["size: u32", "offset: u32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i < uniforms.size) { table[uniforms.offset + i] = values[i]; }
    }`,
};

export const tableRowKernels: GpuKernels = {
  [FUSED.addToRows]: (backend, { table, values, indices }) => {
    const [count, width] = values!.shape as [number, number];
    const [order] = runGpuKernel(backend, SORT, {
      inputs: [indices!],
      outputs: [[count]],
      uniforms: [count],
      units: Math.ceil(count / LANES),
    }) as [tf.TensorInfo];
    runGpuKernel(backend, ADD, {
      inputs: [values!, indices!, order],
      updates: [table!],
      uniforms: [count, width],
      units: count,
    });
    backend.disposeData(order.dataId);
    return [];
  },

  [FUSED.putRows]: (backend, { table, values }, { first }) => {
    const [count, width] = values!.shape as [number, number];
    return runGpuKernel(backend, PUT, {
      inputs: [values!],
      updates: [table!],
      uniforms: [count * width, first! * width],
      units: Math.ceil(count * width / LANES),
    });
  },
};
