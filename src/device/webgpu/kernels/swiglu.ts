import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";

const LANES = 256;

const SWIGLU: GpuKernel = {
  key: "blade swiglu",
  inputs: ["gate_up: f32"],
  outputs: ["y: f32"],
  uniforms: ["size: u32", "h: u32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.size) { return; }
      let at = i + (i / uniforms.h) * uniforms.h;
      let gate = gate_up[at];
      y[i] = gate / (1.0 + exp(-gate)) * gate_up[at + uniforms.h];
    }`,
};

/** d gate = dy·up·s·(1 + gate·(1−s)), d up = dy·gate·s with s = sigmoid(gate). */
const GRADIENT: GpuKernel = {
  key: "blade swiglu gradient",
  inputs: ["gate_up: f32", "dy: f32"],
  outputs: ["d_gate_up: f32"],
  uniforms: ["size: u32", "h: u32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.size) { return; }
      let at = i + (i / uniforms.h) * uniforms.h;
      let gate = gate_up[at];
      let s = 1.0 / (1.0 + exp(-gate));
      d_gate_up[at] = dy[i] * gate_up[at + uniforms.h] * s * (1.0 + gate * (1.0 - s));
      d_gate_up[at + uniforms.h] = dy[i] * gate * s;
    }`,
};

export const swigluKernels: GpuKernels = {
  [FUSED.swiglu]: (backend, { gateUp }) => {
    const [rows, width] = gateUp!.shape as [number, number];
    const size = rows * width / 2;
    return runGpuKernel(backend, SWIGLU, {
      inputs: [gateUp!],
      outputs: [[rows, width / 2]],
      uniforms: [size, width / 2],
      units: Math.ceil(size / LANES),
    });
  },

  [FUSED.swigluGrad]: (backend, { gateUp, dy }) => {
    const [rows, width] = gateUp!.shape as [number, number];
    const size = rows * width / 2;
    return runGpuKernel(backend, GRADIENT, {
      inputs: [gateUp!, dy!],
      outputs: [[rows, width]],
      uniforms: [size, width / 2],
      units: Math.ceil(size / LANES),
    });
  },
};
