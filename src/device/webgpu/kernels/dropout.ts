import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { RANDOM_BITS } from "./wgsl.ts";

const LANES = 64;

const DROPOUT: GpuKernel = {
  key: "blade dropout",
  inputs: ["x: f32", "keys: i32"],
  outputs: ["y: f32"],
  uniforms: ["size: u32", "place: u32", "threshold: u32", "scale: f32"],
  lanes: LANES,
  code: `${RANDOM_BITS}
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.size) { return; }
      let word = bitsOf(i >> 1u, u32(keys[2u * uniforms.place]), u32(keys[2u * uniforms.place + 1u]));
      let bits = (word >> (16u * (i & 1u))) & 0xffffu;
      y[i] = select(0.0, x[i] * uniforms.scale, bits >= uniforms.threshold);
    }`,
};

export const dropoutKernels: GpuKernels = {
  [FUSED.dropout]: (backend, { x, keys }, { place, threshold, scale }) => {
    const size = tf.util.sizeFromShape(x!.shape);
    return runGpuKernel(backend, DROPOUT, {
      inputs: [x!, keys!],
      outputs: [x!.shape],
      uniforms: [size, place!, threshold!, scale!],
      units: Math.ceil(size / LANES),
    });
  },
};
