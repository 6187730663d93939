import { FUSED } from "../../fused.ts";
import { EXCLUDED } from "../../exclusions.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { REDUCTIONS } from "./wgsl.ts";

const LANES = 256;

/** `overwrite(row, lane, value)` at the items that a row leaves out, known to all lanes afterwards. */
const OVERWRITE = `
fn overwrite(row: u32, lane: u32, value: f32) {
  for (var half = 0u; half < 4u; half += 2u) {
    let end = spans[4u * row + half + 1u];
    for (var i = spans[4u * row + half] + i32(lane); i < end; i += i32(LANES)) {
      let place = excluded[i] - i32(uniforms.first);
      if (place >= 0 && place < i32(uniforms.width)) { z[row * uniforms.width + u32(place)] = value; }
    }
  }
  storageBarrier();
}`;

const TOTALS: GpuKernel = {
  key: "blade catalog totals",
  inputs: ["spans: i32", "excluded: i32"],
  updates: ["z: f32", "parts: f32"],
  uniforms: ["width: u32", "first: u32", "column: u32", "stride: u32"],
  lanes: LANES,
  code: `${REDUCTIONS}${OVERWRITE}
    fn run(unit: u32, lane: u32) {
      overwrite(unit, lane, ${EXCLUDED}f);
      let row = unit * uniforms.width;
      var most = -3.4e38;
      for (var i = lane; i < uniforms.width; i += LANES) { most = max(most, z[row + i]); }
      let top = maxOf(most, lane);
      var sum = 0.0;
      for (var i = lane; i < uniforms.width; i += LANES) { sum += exp(z[row + i] - top); }
      let total = sumOf(sum, lane);
      if (lane == 0u) { parts[unit * uniforms.stride + uniforms.column] = top + log(total); }
    }`,
};

const SHARES: GpuKernel = {
  key: "blade catalog shares",
  inputs: ["totals: f32", "dy: f32", "spans: i32", "excluded: i32"],
  updates: ["z: f32"],
  uniforms: ["width: u32", "first: u32"],
  lanes: LANES,
  code: `${OVERWRITE}
    fn run(unit: u32, lane: u32) {
      let row = unit * uniforms.width;
      for (var i = lane; i < uniforms.width; i += LANES) {
        z[row + i] = dy[unit] * exp(z[row + i] - totals[unit]);
      }
      storageBarrier();
      overwrite(unit, lane, 0.0);
    }`,
};

export const catalogKernels: GpuKernels = {
  [FUSED.catalogTotals]: (backend, { z, parts, spans, excluded }, { first, column }) =>
    runGpuKernel(backend, TOTALS, {
      inputs: [spans!, excluded!],
      updates: [z!, parts!],
      uniforms: [z!.shape[1]!, first!, column!, parts!.shape[1]!],
      units: z!.shape[0]!,
    }),

  [FUSED.catalogShares]: (backend, { z, totals, dy, spans, excluded }, { first }) =>
    runGpuKernel(backend, SHARES, {
      inputs: [totals!, dy!, spans!, excluded!],
      updates: [z!],
      uniforms: [z!.shape[1]!, first!],
      units: z!.shape[0]!,
    }),
};
