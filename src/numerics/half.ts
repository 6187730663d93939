/** Names of the 16-bit formats: IEEE half precision, and the upper half of a 32-bit float. */
export type HalfFormat = "f16" | "bf16";

/**
 * 32-bit floats from the bits of 16-bit ones, exactly.
 *
 * @param into where they are put; a new array unless given
 *
 * @example
 * ```ts
 * import { halvesToFloats } from "./half.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(halvesToFloats(Uint16Array.of(0x3c00, 0xc000), "f16"), Float32Array.of(1, -2));
 * assertEquals(halvesToFloats(Uint16Array.of(0x3f80, 0xc000), "bf16"), Float32Array.of(1, -2));
 * ```
 */
export function halvesToFloats(
  bits: Uint16Array,
  format: HalfFormat,
  into: Float32Array = new Float32Array(bits.length),
): Float32Array {
  if (format === "f16") {
    into.set(new Float16Array(bits.buffer as ArrayBuffer, bits.byteOffset, bits.length));
  } else {
    const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
    for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  }
  return into;
}

/**
 * The bits of 32-bit floats as 16-bit ones, rounded to the nearest, of two as near to the even one.
 *
 * @example
 * ```ts
 * import { floatsToHalves } from "./half.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(floatsToHalves(Float32Array.of(1, -2), "f16"), Uint16Array.of(0x3c00, 0xc000));
 * assertEquals(floatsToHalves(Float32Array.of(1.001, -2), "bf16"), Uint16Array.of(0x3f80, 0xc000));
 * ```
 */
export function floatsToHalves(values: Float32Array, format: HalfFormat): Uint16Array {
  if (format === "f16") return new Uint16Array(new Float16Array(values).buffer);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    halves[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return halves;
}
