import { exp, expm1 } from "./exponentials.ts";
import { log, log1p } from "./logarithms.ts";

/**
 * log(1 − eˣ) for x ≤ 0, without losing digits at either end.
 *
 * @example
 * ```ts
 * import { log1mExp } from "./log_space.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * assertAlmostEquals(log1mExp(Math.log(0.25)), Math.log(0.75), 1e-15);
 * assertEquals(log1mExp(-Infinity), 0);
 * ```
 */
export function log1mExp(x: number): number {
  // log 2 is where the two forms are equally good (Mächler 2012).
  return x > -Math.LN2 ? log(-expm1(x)) : log1p(-exp(x));
}

/**
 * log Σ exp(xᵢ) over the finite and −Infinity entries; −Infinity for none.
 *
 * @example
 * ```ts
 * import { logSumExp } from "./log_space.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * assertAlmostEquals(logSumExp([1000, 1000]), 1000 + Math.LN2, 1e-12);
 * assertEquals(logSumExp([]), -Infinity);
 * ```
 */
export function logSumExp(values: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!);
  if (largest === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += exp(values[i]! - largest);
  return largest + log(sum);
}
