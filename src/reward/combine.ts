import type { LoadedMetric } from "./registry.ts";

/** A metric's part in the reward. */
export interface RewardTerm {
  /** What is judged. */
  readonly metric: LoadedMetric;
  /** May be negative: then less of the metric is better, whatever its direction says. */
  readonly weight: number;
}

/**
 * The factor of each term's raw value in the reward: its weight, turned round where the metric is to be minimized.
 *
 * @returns [terms]
 * @example
 * ```ts
 * import { signedWeights } from "./combine.ts";
 * import { loadMetric } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const terms = [
 *   { metric: await loadMetric("ndcg@10"), weight: 0.7 },
 *   { metric: await loadMetric("mgu-list@10"), weight: 0.3 },
 * ];
 * assertEquals(signedWeights(terms), Float64Array.of(0.7, -0.3));
 * ```
 */
export function signedWeights(terms: readonly RewardTerm[]): Float64Array {
  return Float64Array.from(
    terms,
    ({ metric, weight }) => metric.metric.direction === "minimize" ? -weight : weight,
  );
}

/**
 * One reward of raw metric values: their weighted sum, rounded. NaN when a value that has a weight is NaN.
 *
 * @param values [terms] raw values
 * @param weights [terms] of `signedWeights`
 *
 * @example
 * ```ts
 * import { combine } from "./combine.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(combine([0.5, 0.2], [0.7, -0.3]), 0.29);
 * assertEquals(combine([0.5, NaN], [0.7, -0.3]), NaN);
 * ```
 */
export function combine(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let term = 0; term < weights.length; term++) {
    if (weights[term] !== 0) sum += weights[term]! * values[term]!;
  }
  return roundReward(sum);
}

/**
 * A reward to 12 significant digits, so that rounding noise makes no preference between slates that are equal.
 *
 * @example
 * ```ts
 * import { roundReward } from "./combine.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(roundReward(0.1 + 0.2), 0.3);
 * ```
 */
export function roundReward(reward: number): number {
  // Adding 0 makes −0 the same as 0.
  return Number(reward.toPrecision(12)) + 0;
}
