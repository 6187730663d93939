/**
 * Logarithms in +, −, × and ÷ of doubles alone, which every processor rounds alike. What `Math.log` returns is left to the
 * engine, and with it the last bit of whatever is computed from it.
 *
 * Reduction and polynomials are those of fdlibm (Sun Microsystems 1993: e_log.c, s_log1p.c) and of FreeBSD's e_log2.c,
 * within 1 ulp.
 *
 * @module
 */
import { highWord, truncated, withHighWord } from "./double_bits.ts";

/** log 2 in two parts: a whole number below 2¹¹ times the first is exact. */
const LOG_2_HIGH = 6.93147180369123816490e-01, LOG_2_LOW = 1.90821492927058770002e-10;
/** 1/log 2 in two parts, the first of 32 bits. */
const PER_LOG_2_HIGH = 1.44269504072144627571, PER_LOG_2_LOW = 1.67517131648865118353e-10;
const TWO_54 = 18014398509481984;
const LEAST_NORMAL = 2.2250738585072014e-308;

/**
 * The natural logarithm; −∞ of 0, NaN below.
 *
 * @example
 * ```ts
 * import { log } from "./logarithms.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([1, 2, 0, Infinity, -1].map(log), [0, Math.LN2, -Infinity, Infinity, NaN]);
 * ```
 */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  const small = x < LEAST_NORMAL;
  const scaled = small ? x * TWO_54 : x;
  const word = highWord(scaled), fraction = word & 0xfffff, step = (fraction + 0x95f64) & 0x100000;
  // 1 + f is the mantissa between √½ and √2.
  const k = (word >> 20) - 1023 + (step >> 20) - (small ? 54 : 0);
  const f = withHighWord(scaled, fraction | (step ^ 0x3ff00000)) - 1;
  if (f === 0) return k * LOG_2_HIGH + k * LOG_2_LOW;
  if (((2 + fraction) & 0xfffff) < 3) {
    const correction = f * f * (0.5 - 0.33333333333333333 * f);
    return k * LOG_2_HIGH - ((correction - k * LOG_2_LOW) - f);
  }
  const s = f / (2 + f), r = series(s * s);
  if (((fraction - 0x6147a) | (0x6b851 - fraction)) > 0) {
    const half = 0.5 * f * f;
    return k * LOG_2_HIGH - ((half - (s * (half + r) + k * LOG_2_LOW)) - f);
  }
  return k * LOG_2_HIGH - ((s * (f - r) - k * LOG_2_LOW) - f);
}

/**
 * The logarithm to base 2, exact for powers of two.
 *
 * @example
 * ```ts
 * import { log2 } from "./logarithms.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([1, 8, 1 / 1024].map(log2), [0, 3, -10]);
 * ```
 */
export function log2(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  const small = x < LEAST_NORMAL;
  const scaled = small ? x * TWO_54 : x;
  const word = highWord(scaled), fraction = word & 0xfffff, step = (fraction + 0x95f64) & 0x100000;
  const k = (word >> 20) - 1023 + (step >> 20) - (small ? 54 : 0);
  const f = withHighWord(scaled, fraction | (step ^ 0x3ff00000)) - 1;
  const half = 0.5 * f * f, s = f / (2 + f);
  const high = truncated(f - half), low = (f - high) - half + s * (half + series(s * s));
  const bits = high * PER_LOG_2_HIGH, whole = k + bits;
  return (low + high) * PER_LOG_2_LOW + low * PER_LOG_2_HIGH + ((k - whole) + bits) + whole;
}

/**
 * log(1 + x), without losing digits next to 0; −∞ of −1, NaN below.
 *
 * @example
 * ```ts
 * import { log1p } from "./logarithms.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, 1e-20, 1, -1].map(log1p), [0, 1e-20, Math.LN2, -Infinity]);
 * ```
 */
export function log1p(x: number): number {
  if (!(x > -1)) return x === -1 ? -Infinity : NaN;
  if (x === Infinity) return x;
  const size = Math.abs(x);
  if (size < 5e-17) return x;
  if (size < 1.8e-9) return x - x * x * 0.5;
  if (x > -0.2928932 && x < 0.4142135) return besideOne(x, 0, 0);
  const u = 1 + x, word = highWord(u), fraction = word & 0xfffff;
  const isUpper = fraction >= 0x6a09e;
  const k = (word >> 20) - 1023;
  // What rounding took from 1 + x.
  const lost = (k > 0 ? 1 - (u - x) : x - (u - 1)) / u;
  const mantissa = withHighWord(u, fraction | (isUpper ? 0x3fe00000 : 0x3ff00000));
  return besideOne(mantissa - 1, isUpper ? k + 1 : k, lost);
}

/** log(1 + f) + k·log 2 + lost. */
function besideOne(f: number, k: number, lost: number): number {
  const low = k * LOG_2_LOW + lost;
  if (f === 0) return k * LOG_2_HIGH + low;
  const half = 0.5 * f * f, s = f / (2 + f);
  return k * LOG_2_HIGH - ((half - (s * (half + series(s * s)) + low)) - f);
}

/** (log(1 + s) − log(1 − s))/s − 2 of z = s², s ≤ 0.1716. */
function series(z: number): number {
  const w = z * z;
  const even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 +
        w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  return odd + even;
}
