import type { Preference } from "../core/rewards.ts";
import { roundSignificant } from "../numerics/round_significant.ts";

/** One reward, more of it is better. */
export const ONE_REWARD: Preference = { combine: "sum", weights: [1] };

/**
 * The weighted sum of each row, rounded to 12 significant digits so that equal slates have equal sums.
 *
 * @param values [rows·columns]
 * @param weights [columns]
 * @example
 * ```ts
 * import { weightedSums } from "./preference.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(weightedSums(Float64Array.of(1, 2, 0.5, 4), [1, -0.25]), Float64Array.of(0.5, -0.5));
 * ```
 */
export function weightedSums(values: Float64Array, weights: ArrayLike<number>): Float64Array {
  const columns = weights.length;
  if (columns === 1 && weights[0] === 1) return values;
  const sums = new Float64Array(values.length / columns);
  for (let row = 0; row < sums.length; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      // 0 · ∞ is no number: a metric without a part in the sum is passed over.
      if (weights[column] !== 0) sum += weights[column]! * values[row * columns + column]!;
    }
    sums[row] = roundSignificant(sum);
  }
  return sums;
}
