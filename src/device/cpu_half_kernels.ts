import type { CpuKernel } from "./cpu_kernel.ts";
import { FUSED } from "./fused.ts";
import { unpackedShape } from "./ops_half.ts";

/** Kernels for weights of 16 bits. */
export const CPU_HALF_KERNELS: Readonly<Record<string, CpuKernel>> = {
  [FUSED.unpackBf16]: unpackedBy((half) => half << 16),

  [FUSED.unpackF16]: unpackedBy((half) => {
    const sign = (half & 0x8000) << 16, rest = half & 0x7fff;
    if (rest >= 0x7c00) return sign | 0x7f800000 | rest << 13;
    // The exponents are 15 and 127 apart from their number's.
    if (rest >= 0x0400) return sign | (rest << 13) + (112 << 23);
    if (rest === 0) return sign;
    // Below the normal numbers of 16 bits a number is rest·2⁻²⁴, a normal one of 32: the highest bit becomes its 1.
    const high = 31 - Math.clz32(rest);
    return sign | 103 + high << 23 | rest << 23 - high & 0x7fffff;
  }),
};

/** By what gives the bits of a float32 for each 16. */
function unpackedBy(bitsOf: (half: number) => number): CpuKernel {
  return ({ packed }, _, valuesOf, output) => {
    const pairs = valuesOf(packed!);
    // As integers: a NaN that goes through a number may come out with other bits.
    const bits = new Int32Array(2 * pairs.length);
    for (const [i, pair] of pairs.entries()) {
      bits[2 * i] = bitsOf(pair & 0xffff);
      bits[2 * i + 1] = bitsOf(pair >>> 16);
    }
    return output(unpackedShape(packed!.shape), new Float32Array(bits.buffer));
  };
}
