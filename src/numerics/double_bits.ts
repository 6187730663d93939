/** The 64 bits of a double and their two halves, where the machine keeps the higher one. */
const double = new Float64Array(1), halves = new Int32Array(double.buffer);
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0]!, LOW = 1 - HIGH;

/**
 * Sign, exponent and the first 20 bits of the fraction, as a signed 32-bit integer.
 *
 * @example
 * ```ts
 * import { highWord } from "./double_bits.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(highWord(-2), 0xc0000000 | 0);
 * ```
 */
export function highWord(x: number): number {
  double[0] = x;
  return halves[HIGH]!;
}

/** The number with another high word. */
export function withHighWord(x: number, word: number): number {
  double[0] = x;
  halves[HIGH] = word;
  return double[0];
}

/** The number without the last 32 bits of its fraction: products of two such numbers lose nothing. */
export function truncated(x: number): number {
  double[0] = x;
  halves[LOW] = 0;
  return double[0];
}

/**
 * x·2ⁿ, rounded once.
 *
 * @param x 0.25 … 4 in magnitude
 * @param n −1080 … 1026, whole
 * @example
 * ```ts
 * import { timesPowerOfTwo } from "./double_bits.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([3, -1074, 1024].map((n) => timesPowerOfTwo(1, n)), [8, Number.MIN_VALUE, Infinity]);
 * ```
 */
export function timesPowerOfTwo(x: number, n: number): number {
  if (n > 1000) return x * powerOfTwo(n - 1000) * powerOfTwo(1000);
  // The first of the two products is exact, so that a number too small to be normal is rounded once.
  return n < -1000 ? x * powerOfTwo(n + 1000) * powerOfTwo(-1000) : x * powerOfTwo(n);
}

/** 2ⁿ, −1022 ≤ n ≤ 1023. */
function powerOfTwo(n: number): number {
  return withHighWord(0, (n + 1023) << 20);
}
