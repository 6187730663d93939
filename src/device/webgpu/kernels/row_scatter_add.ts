import type * as tf from "@tensorflow/tfjs-core";
import { ROW_SCATTER_ADD } from "../../row_scatter_add.ts";
import { type GpuKernel, runGpuKernel } from "../gpu_kernel.ts";
import type { GpuKernels } from "../register_kernels.ts";

/*
 * The embedding gradient without float atomics, whose order of addition changes from run to run: positions are sorted
 * by their row, those of one row in rising order, and each row of the table sums its segment.
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
      units: Math.ceil(count / POSITIONS),
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
