import type * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { REDUCTIONS } from "./wgsl.ts";

const LANES = 64;
/** Rows whose part of the weight's gradient one unit sums. */
const BLOCK = 8;

/** A row per unit. */
const NORM: GpuKernel = {
  key: "blade rms norm",
  inputs: ["x: f32", "weight: f32"],
  outputs: ["y: f32", "inverse: f32"],
  uniforms: ["d: u32", "epsilon: f32"],
  lanes: LANES,
  code: `${REDUCTIONS}
    fn run(unit: u32, lane: u32) {
      let row = unit * uniforms.d;
      var sum = 0.0;
      for (var i = lane; i < uniforms.d; i += LANES) { sum += x[row + i] * x[row + i]; }
      let scale = 1.0 / sqrt(sumOf(sum, lane) / f32(uniforms.d) + uniforms.epsilon);
      if (lane == 0u) { inverse[unit] = scale; }
      for (var i = lane; i < uniforms.d; i += LANES) { y[row + i] = x[row + i] * scale * weight[i]; }
    }`,
};

/** dx = inverse·(w·dy − x·inverse²·mean(x·w·dy)), and the sums of x·inverse·dy over a block of rows. */
const GRADIENT: GpuKernel = {
  key: "blade rms norm gradient",
  inputs: ["x: f32", "weight: f32", "inverse: f32", "dy: f32"],
  outputs: ["dx: f32", "partials: f32"],
  uniforms: ["rows: u32", "d: u32"],
  lanes: LANES,
  code: `
    var<workgroup> pulls: array<f32, ${BLOCK}u * LANES>;
    fn run(unit: u32, lane: u32) {
      let first = unit * ${BLOCK}u;
      let count = min(${BLOCK}u, uniforms.rows - first);
      for (var r = 0u; r < ${BLOCK}u; r++) {
        let row = (first + min(r, count - 1u)) * uniforms.d;
        var sum = 0.0;
        for (var i = lane; i < uniforms.d; i += LANES) { sum += x[row + i] * weight[i] * dy[row + i]; }
        pulls[r * LANES + lane] = sum;
      }
      workgroupBarrier();
      for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (lane < half) {
          for (var r = 0u; r < ${BLOCK}u; r++) { pulls[r * LANES + lane] += pulls[r * LANES + lane + half]; }
        }
        workgroupBarrier();
      }
      for (var i = lane; i < uniforms.d; i += LANES) {
        var sum = 0.0;
        for (var r = 0u; r < count; r++) {
          let at = (first + r) * uniforms.d + i;
          let scale = inverse[first + r];
          let pull = pulls[r * LANES] * scale * scale / f32(uniforms.d);
          dx[at] = scale * (weight[i] * dy[at] - x[at] * pull);
          sum += x[at] * scale * dy[at];
        }
        partials[unit * uniforms.d + i] = sum;
      }
    }`,
};

/** Column sums; a column per unit. */
const COLUMNS: GpuKernel = {
  key: "blade column sums",
  inputs: ["x: f32"],
  outputs: ["sums: f32"],
  uniforms: ["rows: u32", "columns: u32"],
  lanes: LANES,
  code: `${REDUCTIONS}
    fn run(unit: u32, lane: u32) {
      var sum = 0.0;
      for (var r = lane; r < uniforms.rows; r += LANES) { sum += x[r * uniforms.columns + unit]; }
      let total = sumOf(sum, lane);
      if (lane == 0u) { sums[unit] = total; }
    }`,
};

export const rmsNormKernels: GpuKernels = {
  [FUSED.rmsNorm]: (backend, { x, weight }, { epsilon }) => {
    const [rows, d] = x!.shape as [number, number];
    return runGpuKernel(backend, NORM, {
      inputs: [x!, weight!],
      outputs: [[rows, d], [rows, 1]],
      uniforms: [d, epsilon!],
      units: rows,
    });
  },

  [FUSED.rmsNormGrad]: (backend, { x, weight, inverse, dy }) => {
    const [rows, d] = x!.shape as [number, number];
    const blocks = Math.ceil(rows / BLOCK);
    const [dx, partials] = runGpuKernel(backend, GRADIENT, {
      inputs: [x!, weight!, inverse!, dy!],
      outputs: [[rows, d], [blocks, d]],
      uniforms: [rows, d],
      units: blocks,
    }) as [tf.TensorInfo, tf.TensorInfo];
    const call = { inputs: [partials], outputs: [weight!.shape], uniforms: [blocks, d], units: d };
    const [dWeight] = runGpuKernel(backend, COLUMNS, call) as [tf.TensorInfo];
    backend.disposeData(partials.dataId);
    return [dx, dWeight];
  },
};
