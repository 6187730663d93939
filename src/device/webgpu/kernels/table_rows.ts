import type * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";

/*
 * The embedding gradient without float atomics, whose order of addition changes from run to run: positions are sorted
 * by their row, those of one row in rising order, and each row of the table adds its segment.
 */

const LANES = 64;

/** Positions whose rank a unit finds; the lanes of each share what it is compared with. */
const POSITIONS = 32;

/** order[rank of n] = n, its rank being the number of positions that come before it in the order. */
const SORT: GpuKernel = {
  key: "blade scatter sort",
  inputs: ["indices: i32"],
  outputs: ["order: i32"],
  uniforms: ["count: u32"],
  lanes: 256,
  code: `
    var<workgroup> ranks: array<u32, LANES>;
    fn run(unit: u32, lane: u32) {
      let n = unit * ${POSITIONS}u + lane % ${POSITIONS}u;
      let row = indices[min(n, uniforms.count - 1u)];
      var rank = 0u;
      for (var m = lane / ${POSITIONS}u; m < uniforms.count; m += LANES / ${POSITIONS}u) {
        let other = indices[m];
        rank += select(0u, 1u, other < row || other == row && m < n);
      }
      ranks[lane] = rank;
      workgroupBarrier();
      if (lane >= ${POSITIONS}u || n >= uniforms.count) { return; }
      for (var i = lane + ${POSITIONS}u; i < LANES; i += ${POSITIONS}u) { rank += ranks[i]; }
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
      units: Math.ceil(count / POSITIONS),
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
