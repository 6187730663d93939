/** The two formats of 16 bits: IEEE 754 binary16, and bfloat16, the upper half of a float32. */
export type HalfFormat = "f16" | "bf16";

/**
 * The numbers of a tensor of 16 bits as float32. Exact: every half is a float32; NaN stays NaN.
 *
 * @param bits one number each
 * @param into receives the numbers from its start; a new array when left out
 * @throws {RangeError} when `into` is shorter than `bits`
 * @example
 * ```ts
 * import { halvesToFloats } from "./half.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(halvesToFloats(Uint16Array.of(0x3c00, 0xfc00, 1), "f16"), Float32Array.of(1, -Infinity, 2 ** -24));
 * assertEquals(halvesToFloats(Uint16Array.of(0x3f80, 0xff80, 1), "bf16"), Float32Array.of(1, -Infinity, 2 ** -133));
 * ```
 */
export function halvesToFloats(
  bits: Uint16Array,
  format: HalfFormat,
  into: Float32Array = new Float32Array(bits.length),
): Float32Array {
  if (into.length < bits.length) {
    throw new RangeError(`Cannot convert ${bits.length} halves: there is room for ${into.length}`);
  }
  if (format === "f16") {
    into.set(new Float16Array(bits.buffer, bits.byteOffset, bits.length));
  } else {
    const words = new Uint32Array(into.buffer, into.byteOffset, bits.length);
    for (let at = 0; at < bits.length; at++) words[at] = bits[at]! << 16;
  }
  return into;
}

/**
 * Numbers in 16 bits, rounded to the nearest, and to the even one of two that are as near; beyond the largest finite
 * number that is infinity. NaN stays NaN.
 *
 * @example
 * ```ts
 * import { floatsToHalves } from "./half.ts";
 * import { assertEquals } from "@std/assert";
 * // 2049 lies between 2048 and 2050, which both have a binary16.
 * assertEquals(floatsToHalves(Float32Array.of(1, 2049, 65520), "f16"), Uint16Array.of(0x3c00, 0x6800, 0x7c00));
 * assertEquals(floatsToHalves(Float32Array.of(1, 257), "bf16"), Uint16Array.of(0x3f80, 0x4380));
 * ```
 */
export function floatsToHalves(values: Float32Array, format: HalfFormat): Uint16Array<ArrayBuffer> {
  if (format === "f16") return new Uint16Array(new Float16Array(values).buffer);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let at = 0; at < bits.length; at++) {
    const word = words[at]!;
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    // A NaN must not round to infinity: its quiet bit is set instead.
    bits[at] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** Where the first NaN or infinity of a tensor of 16 bits stands; −1 where there is none. */
export function firstNotFinite(bits: Uint16Array, format: HalfFormat): number {
  const exponent = format === "f16" ? 0x7c00 : 0x7f80;
  for (let at = 0; at < bits.length; at++) if ((bits[at]! & exponent) === exponent) return at;
  return -1;
}
