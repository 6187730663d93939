/**
 * Differences of log-gamma and digamma values, computed without forming the values themselves.
 *
 * At a weight of 10⁶ log Γ is about 10⁷, so the difference of two of them keeps nine digits fewer than a double
 * has. Here Stirling's series is subtracted term by term instead, after the recurrence has moved every argument
 * to where the series converges to the last bit.
 *
 * @module
 */
import { log, log1p } from "./logarithms.ts";

/** From here on seven terms of Stirling's series are exact to a double's precision. */
const SERIES_START = 10;
/** B_2k / (2k (2k−1)): log Γ(x) = (x−½) log x − x + ½ log 2π + Σ_k c_k x^(1−2k). */
const LOG_GAMMA_SERIES = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
/** B_2k / 2k: ψ(x) = log x − 1/2x − Σ_k c_k x^(−2k). */
const DIGAMMA_SERIES = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];

/**
 * log E[Xⁿ] for X ~ Beta(a, b): log Γ(a+n) − log Γ(a) − log Γ(a+b+n) + log Γ(a+b), in nats.
 *
 * Accurate to about 1e-13 relative for any a, b > 0, tiny or 10⁹. The limits are taken: 0 at b = 0 (X is 1) and
 * −Infinity at a = 0 (X is 0). `b` may be negative down to −a, where the expression still has a value.
 *
 * @example
 * ```ts
 * import { logBetaMoment } from "./gamma_differences.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * // E[X²] for X ~ Beta(1, 1), uniform, is 1/3.
 * assertAlmostEquals(Math.exp(logBetaMoment(1, 1, 2)), 1 / 3, 1e-15);
 * ```
 */
export function logBetaMoment(a: number, b: number, n: number): number {
  if (b === 0) return 0;
  if (a === 0) return -Infinity;
  let x = a;
  let total = a + b;
  // Π over the shifts of (x/(x+n))·((total+n)/total), and one minus it, so that neither end loses digits.
  let product = 1;
  let shortfall = 0;
  while (x < SERIES_START || total < SERIES_START) {
    product *= (x / (x + n)) * ((total + n) / total);
    shortfall += (1 - shortfall) * ((n / (x + n)) * (b / total));
    x += 1;
    total += 1;
  }
  const shifted = product > 0.5 && product < 2 ? log1p(-shortfall) : log(product);
  // (x+n)/(total+n), from the end where the quotient keeps its digits.
  const logQuotient = b < x + n ? log1p(-b / (total + n)) : log((x + n) / (total + n));
  return shifted + n * logQuotient +
    (x - 0.5) * log1p((n / x) * (b / (total + n))) -
    b * log1p(n / total) +
    stirlingTailFall(x + n, total + n, b) - stirlingTailFall(x, total, b);
}

/**
 * ψ(x+n) − ψ(x) for x > 0, n > 0: what log Γ(x+n) − log Γ(x) gains per unit of x.
 *
 * @example
 * ```ts
 * import { digammaDifference } from "./gamma_differences.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(digammaDifference(2, 3), 1 / 2 + 1 / 3 + 1 / 4, 1e-15);
 * ```
 */
export function digammaDifference(x: number, n: number): number {
  let sum = 0;
  while (x < SERIES_START) {
    sum += (n / x) / (x + n);
    x += 1;
  }
  return sum + log1p(n / x) + (n / x) / (2 * (x + n)) + digammaTail(x) - digammaTail(x + n);
}

/**
 * tail(x) − tail(x + b) of the log-gamma series, by the divided difference of its polynomial in 1/x: a difference of
 * two tails would have no digits left when b is tiny.
 */
function stirlingTailFall(x: number, xPlusB: number, b: number): number {
  const [u, w] = [1 / x, 1 / xPlusB];
  let value = 0;
  let slope = 0;
  for (let k = LOG_GAMMA_SERIES.length - 1; k >= 0; k--) {
    slope = slope * u * u + value;
    value = value * w * w + LOG_GAMMA_SERIES[k]!;
  }
  // tail = u·q(u²), q(w²) = value, q(u²) = value + slope·(u² − w²)
  return b * u * w * (value + u * (u + w) * slope);
}

function digammaTail(x: number): number {
  const inverseSquare = 1 / (x * x);
  let sum = 0;
  for (let k = DIGAMMA_SERIES.length - 1; k >= 0; k--) sum = (sum + DIGAMMA_SERIES[k]!) * inverseSquare;
  return sum;
}
