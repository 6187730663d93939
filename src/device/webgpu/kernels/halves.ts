import * as tf from "@tensorflow/tfjs-core";
import { FUSED } from "../../fused.ts";
import { unpackedShape } from "../../ops_half.ts";
import { type GpuKernel, type GpuKernels, runGpuKernel } from "../gpu_kernel.ts";

const LANES = 256;

/** A pair per lane. The bits are put together as integers: a GPU may flush small floats to 0. */
function unpackKernel(key: string, bitsOf: string): GpuKernel {
  return {
    key,
    inputs: ["packed: u32"],
    outputs: ["y: u32"],
    uniforms: ["pairs: u32"],
    lanes: LANES,
    code: `
    fn bitsOf(half: u32) -> u32 {${bitsOf}
    }
    fn run(unit: u32, lane: u32) {
      let i = unit * LANES + lane;
      if (i >= uniforms.pairs) { return; }
      y[2u * i] = bitsOf(packed[i] & 0xffffu);
      y[2u * i + 1u] = bitsOf(packed[i] >> 16u);
    }`,
  };
}

const BF16 = unpackKernel(
  "blade unpack bf16",
  `
      return half << 16u;`,
);

/** Below the normal numbers of 16 bits a number is rest·2⁻²⁴, a normal one of 32: its highest bit becomes the 1. */
const F16 = unpackKernel(
  "blade unpack f16",
  `
      let sign = (half & 0x8000u) << 16u;
      let rest = half & 0x7fffu;
      if (rest >= 0x7c00u) { return sign | 0x7f800000u | (rest << 13u); }
      if (rest >= 0x0400u) { return sign | ((rest << 13u) + (112u << 23u)); }
      if (rest == 0u) { return sign; }
      let high = firstLeadingBit(rest);
      return sign | ((103u + high) << 23u) | ((rest << (23u - high)) & 0x7fffffu);`,
);

const unpackedBy = (kernel: GpuKernel): GpuKernels[string] => (backend, { packed }) => {
  const pairs = tf.util.sizeFromShape(packed!.shape);
  return runGpuKernel(backend, kernel, {
    inputs: [packed!],
    outputs: [unpackedShape(packed!.shape)],
    uniforms: [pairs],
    units: Math.ceil(pairs / LANES),
  });
};

export const halfKernels: GpuKernels = {
  [FUSED.unpackBf16]: unpackedBy(BF16),
  [FUSED.unpackF16]: unpackedBy(F16),
};
