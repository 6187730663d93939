import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";
import { RANDOM_BITS } from "./wgsl.ts";

const LANES = 64;

/** @param counter WGSL for the counter of element i */
function kernelBy(counter: string, more: Partial<GpuKernel>): GpuKernel {
  return {
    key: `blade dropout ${counter}`,
    inputs: ["x: f32", "keys: i32"],
    outputs: ["y: f32"],
    uniforms: ["size: u32", "place: u32", "threshold: u32", "scale: f32"],
    lanes: LANES,
    code: `${RANDOM_BITS}
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.size) { return; }
      let at = ${counter};
      let word = bitsOf(at >> 1u, u32(keys[2u * uniforms.place]), u32(keys[2u * uniforms.place + 1u]));
      let bits = (word >> (16u * (at & 1u))) & 0xffffu;
      y[i] = select(0.0, x[i] * uniforms.scale, bits >= uniforms.threshold);
    }`,
    ...more,
  };
}

const BY_ELEMENT = kernelBy("i", {});

const BY_ROW = kernelBy("u32(rows[i / uniforms.width]) * uniforms.width + i % uniforms.width", {
  inputs: ["x: f32", "keys: i32", "rows: i32"],
  uniforms: [...BY_ELEMENT.uniforms!, "width: u32"],
});

export const dropoutKernels: GpuKernels = {
  [FUSED.dropout]: (backend, { x, keys, rows }, { place, threshold, scale }) => {
    const size = tf.util.sizeFromShape(x!.shape);
    const numbers = [size, place!, threshold!, scale!];
    return runGpuKernel(backend, rows === undefined ? BY_ELEMENT : BY_ROW, {
      inputs: rows === undefined ? [x!, keys!] : [x!, keys!, rows],
      outputs: [x!.shape],
      uniforms: rows === undefined ? numbers : [...numbers, x!.shape.at(-1)!],
      units: Math.ceil(size / LANES),
    });
  },
};
