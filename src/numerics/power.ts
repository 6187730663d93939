/**
 * xʸ in +, −, × and ÷ of doubles alone, which every processor rounds alike. What `**` returns is left to the engine.
 *
 * Reduction and polynomials are those of fdlibm (Sun Microsystems 1993: e_pow.c), within 0.7 ulp: the logarithm to base 2
 * is kept in two doubles, so that the product with y loses nothing.
 *
 * @module
 */
import { highWord, timesPowerOfTwo, truncated, withHighWord } from "./double_bits.ts";

const TWO_53 = 9007199254740992;
const LOG_2 = 6.93147180559945286227e-01;
const LOG_2_HIGH = 6.93147182464599609375e-01, LOG_2_LOW = -1.90465429995776804525e-09;
/** 2/(3·log 2), whole and in two parts. */
const FACTOR = 9.61796693925975554329e-01;
const FACTOR_HIGH = 9.61796700954437255859e-01, FACTOR_LOW = -7.02846165095275826516e-09;
/** log₂ 1.5 in two parts. */
const LOG2_1_5_HIGH = 5.84962487220764160156e-01, LOG2_1_5_LOW = 1.35003920212974897128e-08;
const PER_LOG_2 = 1.44269504088896338700;
const PER_LOG_2_HIGH = 1.44269502162933349609, PER_LOG_2_LOW = 1.92596299112661746887e-08;

/**
 * xʸ with the special cases of JavaScript's `**`. A whole power of a whole number is exact where a double holds it.
 *
 * @example
 * ```ts
 * import { pow } from "./power.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([pow(2, 10), pow(-3, 3), pow(2, -1074), pow(0, 0), pow(-8, 1 / 3)], [1024, -27, 5e-324, 1, NaN]);
 * ```
 */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const base = Math.abs(x);
  if (Math.abs(y) === Infinity) return base === 1 ? NaN : (base > 1) === (y > 0) ? Infinity : 0;
  const isNegative = x < 0 || Object.is(x, -0);
  const sign = isNegative && Math.abs(y % 2) === 1 ? -1 : 1;
  if (base === 0 || base === Infinity) return sign * ((base === 0) === (y > 0) ? 0 : Infinity);
  if (isNegative && !Number.isInteger(y)) return NaN;
  if (base === 1) return sign;
  if (y === 1) return x;
  if (y === 2) return x * x;
  if (y === -1) return 1 / x;
  if (y === 0.5) return Math.sqrt(x);
  return sign * powerOfPositive(base, y);
}

/**
 * x². By `**` it would be what the engine makes of it.
 *
 * @example
 * ```ts
 * import { square } from "./power.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(square(-3), 9);
 * ```
 */
export function square(x: number): number {
  return x * x;
}

/** base ≠ 1 positive and finite, y finite. */
function powerOfPositive(base: number, y: number): number {
  const isSteep = Math.abs(y) > 2147483648;
  if (isSteep && Math.abs(base - 1) > 9.6e-7) return (base > 1) === (y > 0) ? Infinity : 0;
  const [high, low] = isSteep ? logBesideOne(base) : binaryLog(base);
  const yHigh = truncated(y);
  const productLow = (y - yHigh) * high + y * low, productHigh = yHigh * high;
  const z = productLow + productHigh;
  if (z >= 1025) return Infinity;
  if (z <= -1080) return 0;
  return powerOfTwo(z, productHigh, productLow);
}

/** 2^(high + low), z their sum. */
function powerOfTwo(z: number, high: number, low: number): number {
  const n = Math.abs(z) > 0.5 ? Math.trunc(z + (z < 0 ? -0.5 : 0.5)) : 0;
  const rest = high - n;
  const t = truncated(low + rest), u = t * LOG_2_HIGH;
  const v = (low - (t - rest)) * LOG_2 + t * LOG_2_LOW;
  const x = u + v, lost = v - (x - u), square = x * x;
  const c = x - square * (1.66666666666666019037e-01 + square * (-2.77777777770155933842e-03 +
            square * (6.61375632143793436117e-05 + square * (-1.65339022054652515390e-06 +
                    square * 4.13813679705723846039e-08))));
  return timesPowerOfTwo(1 - (x * c / (c - 2) - (lost + x * lost) - x), n);
}

/** log₂ x in two parts, the first of 21 bits. */
function binaryLog(x: number): readonly [high: number, low: number] {
  const small = x < 2.2250738585072014e-308, scaled = small ? x * TWO_53 : x;
  const word = highWord(scaled), fraction = word & 0xfffff;
  // The mantissa against the nearer of 1 and 1.5, or halved against 1.
  const isMiddle = fraction > 0x3988e && fraction < 0xbb67a, isUpper = fraction >= 0xbb67a;
  const n = (word >> 20) - 1023 - (small ? 53 : 0) + (isUpper ? 1 : 0);
  const mantissaWord = (fraction | 0x3ff00000) - (isUpper ? 0x100000 : 0);
  const mantissa = withHighWord(scaled, mantissaWord), against = isMiddle ? 1.5 : 1;
  const u = mantissa - against, v = 1 / (mantissa + against);
  const s = u * v, sHigh = truncated(s);
  const sumHigh = withHighWord(0, ((mantissaWord >> 1) | 0x20000000) + 0x80000 + (isMiddle ? 0x40000 : 0));
  const sumLow = mantissa - (sumHigh - against);
  const sLow = v * ((u - sHigh * sumHigh) - sHigh * sumLow);
  const z = s * s;
  const r = z * z * (5.99999999999994648725e-01 + z * (4.28571428578550184252e-01 +
            z * (3.33333329818377432918e-01 + z * (2.72728123808534006489e-01 +
                    z * (2.30660745775561754067e-01 + z * 2.06975017800338417784e-01))))) +
    sLow * (sHigh + s);
  const square = sHigh * sHigh;
  const tHigh = truncated(3 + square + r), tLow = r - ((tHigh - 3) - square);
  const product = sHigh * tHigh, rest = sLow * tHigh + tLow * s;
  const pHigh = truncated(product + rest), pLow = rest - (pHigh - product);
  const zHigh = FACTOR_HIGH * pHigh;
  const zLow = FACTOR_LOW * pHigh + pLow * FACTOR + (isMiddle ? LOG2_1_5_LOW : 0);
  const whole = isMiddle ? LOG2_1_5_HIGH : 0;
  const high = truncated(((zHigh + zLow) + whole) + n);
  return [high, zLow - (((high - n) - whole) - zHigh)];
}

/** log₂ x in two parts, |x − 1| < 2⁻²⁰. */
function logBesideOne(x: number): readonly [high: number, low: number] {
  const t = x - 1, w = t * t * (0.5 - t * (0.3333333333333333333333 - t * 0.25));
  const u = PER_LOG_2_HIGH * t, v = t * PER_LOG_2_LOW - w * PER_LOG_2;
  const high = truncated(u + v);
  return [high, v - (high - u)];
}
