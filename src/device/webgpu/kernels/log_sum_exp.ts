import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { REDUCTIONS } from "./wgsl.ts";

const LANES = 256;

/** A row per unit, read once: every lane keeps its largest number and the sum relative to it. */
const TOTAL: GpuKernel = {
  key: "blade log sum exp",
  inputs: ["z: f32"],
  outputs: ["total: f32"],
  uniforms: ["columns: u32"],
  lanes: LANES,
  code: `${REDUCTIONS}
    fn run(unit: u32, lane: u32) {
      let row = unit * uniforms.columns;
      var top = -3.4e38;
      var sum = 0.0;
      for (var i = lane; i < uniforms.columns; i += LANES) {
        let value = z[row + i];
        if (value > top) { sum = sum * exp(top - value) + 1.0; top = value; }
        else { sum += exp(value - top); }
      }
      let most = maxOf(top, lane);
      let all = sumOf(sum * exp(top - most), lane);
      if (lane == 0u) { total[unit] = most + log(all); }
    }`,
};

const GRADIENT: GpuKernel = {
  key: "blade log sum exp gradient",
  inputs: ["z: f32", "total: f32", "dy: f32"],
  outputs: ["dz: f32"],
  uniforms: ["size: u32", "columns: u32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.size) { return; }
      let row = i / uniforms.columns;
      dz[i] = dy[row] * exp(z[i] - total[row]);
    }`,
};

export const logSumExpKernels: GpuKernels = {
  [FUSED.logSumExp]: (backend, { z }) => {
    const [rows, columns] = z!.shape as [number, number];
    return runGpuKernel(backend, TOTAL, {
      inputs: [z!],
      outputs: [[rows]],
      uniforms: [columns],
      units: rows,
    });
  },

  [FUSED.logSumExpGrad]: (backend, { z, value, dy }) => {
    const [rows, columns] = z!.shape as [number, number];
    return runGpuKernel(backend, GRADIENT, {
      inputs: [z!, value!, dy!],
      outputs: [[rows, columns]],
      uniforms: [rows * columns, columns],
      units: Math.ceil(rows * columns / LANES),
    });
  },
};
