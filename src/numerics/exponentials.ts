/**
 * eˣ and eˣ − 1 in +, −, × and ÷ of doubles alone, which every processor rounds alike. What `Math.exp` returns is left to
 * the engine, and with it the last bit of whatever is computed from it.
 *
 * Reduction and polynomials are those of fdlibm (Sun Microsystems 1993: e_exp.c, s_expm1.c), within 1 ulp.
 *
 * @module
 */
import { timesPowerOfTwo } from "./double_bits.ts";

/** log 2 in two parts: a whole number below 2¹¹ times the first is exact. */
const LOG_2_HIGH = 6.93147180369123816490e-01, LOG_2_LOW = 1.90821492927058770002e-10;
const PER_LOG_2 = 1.44269504088896338700;
/** Above it the result is beyond every double, below the other it is 0. */
const OVERFLOW = 7.09782712893383973096e+02, UNDERFLOW = -7.45133219101941108420e+02;

/**
 * eˣ.
 *
 * @example
 * ```ts
 * import { exp } from "./exponentials.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, 1, -Infinity, 710].map(exp), [1, Math.E, 0, Infinity]);
 * ```
 */
export function exp(x: number): number {
  if (!(x <= OVERFLOW)) return x > 0 ? Infinity : NaN;
  if (x < UNDERFLOW) return 0;
  const size = Math.abs(x);
  if (size < 3.7e-9) return 1 + x;
  // The polynomial is 0.6 of the last bit off, on the other side of the double next to e.
  if (x === 1) return Math.E;
  const k = size > 0.5 * Math.LN2 ? multiples(x) : 0;
  const high = x - k * LOG_2_HIGH, low = k * LOG_2_LOW, rest = high - low;
  const t = rest * rest;
  const c = rest - t * (1.66666666666666019037e-01 + t * (-2.77777777770155933842e-03 +
            t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 +
                    t * 4.13813679705723846039e-08))));
  const y = 1 - ((low - rest * c / (2 - c)) - high);
  return k === 0 ? y : timesPowerOfTwo(y, k);
}

/**
 * eˣ − 1, without losing digits next to 0.
 *
 * @example
 * ```ts
 * import { expm1 } from "./exponentials.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([-Infinity, 0, 1e-20].map(expm1), [-1, 0, 1e-20]);
 * ```
 */
export function expm1(x: number): number {
  if (!(x <= OVERFLOW)) return x > 0 ? Infinity : NaN;
  // e^−39 is less than a quarter of the last bit of 1.
  if (x < -39) return -1;
  const size = Math.abs(x);
  if (size < 5e-17) return x;
  const k = size > 0.5 * Math.LN2 ? multiples(x) : 0;
  const high = x - k * LOG_2_HIGH, low = k * LOG_2_LOW, rest = high - low;
  const lost = (high - rest) - low;
  const half = 0.5 * rest, square = rest * half;
  const r = 1 + square * (-3.33333333333331316428e-02 + square * (1.58730158725481460165e-03 +
            square * (-7.93650757867487942473e-05 + square * (4.00821782732936239552e-06 +
                    square * -2.01099218183624371326e-07))));
  const t = 3 - r * half;
  const quotient = square * ((r - t) / (6 - rest * t));
  if (k === 0) return rest - (rest * quotient - square);
  const e = rest * (quotient - lost) - lost - square;
  if (k === -1) return 0.5 * (rest - e) - 0.5;
  if (k === 1) return rest < -0.25 ? -2 * (e - (rest + 0.5)) : 1 + 2 * (rest - e);
  if (k <= -2 || k > 56) return timesPowerOfTwo(1 - (e - rest), k) - 1;
  const share = timesPowerOfTwo(1, -k);
  return timesPowerOfTwo(k < 20 ? (1 - share) - (e - rest) : (rest - (e + share)) + 1, k);
}

/** How many times log 2 is in x, to the nearest whole number. */
function multiples(x: number): number {
  return Math.trunc(PER_LOG_2 * x + (x < 0 ? -0.5 : 0.5));
}
