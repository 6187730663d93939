import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";

const LANES = 256;

const ROTARY: GpuKernel = {
  key: "blade rotary",
  inputs: ["x: f32", "positions: i32", "angles: f32"],
  outputs: ["y: f32"],
  uniforms: ["size: u32", "width: u32", "head: u32", "rotated: u32", "turn: f32"],
  lanes: LANES,
  code: `
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.size) { return; }
      let row = i / uniforms.width;
      let column = i - row * uniforms.width;
      if (column >= uniforms.rotated) { y[i] = x[i]; return; }
      let within = column % uniforms.head;
      let half = uniforms.head / 2u;
      let angle = u32(positions[row]) * uniforms.head + within % half;
      let c = angles[angle];
      let s = uniforms.turn * angles[angle + half];
      y[i] = select(x[i] * c + x[i - half] * s, x[i] * c - x[min(i + half, uniforms.size - 1u)] * s, within < half);
    }`,
};

export const rotaryKernels: GpuKernels = {
  [FUSED.rotary]: (backend, { x, positions, angles }, { rotated, sign }) => {
    const size = tf.util.sizeFromShape(x!.shape);
    const head = angles!.shape[1]!;
    return runGpuKernel(backend, ROTARY, {
      inputs: [x!, positions!, angles!],
      outputs: [x!.shape],
      uniforms: [size, x!.shape[1]!, head, rotated! * head, sign!],
      units: Math.ceil(size / LANES),
    });
  },
};
