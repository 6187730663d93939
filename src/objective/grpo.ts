import { fromAdvantages, meanOf } from "./advantage.ts";
import type { Objective } from "./objective.ts";
import { square } from "../numerics/power.ts";

/** Added to the standard deviation, so that a group of near ties is not blown up. */
const EPSILON = 1e-4;

/**
 * Group relative policy optimisation (DeepSeekMath, arXiv 2402.03300, section 4.1.2):
 * A_j = (r_j − μ) / (σ + 1e-4), σ with n − 1, as the common implementations have it. Its k3 pull to the reference is
 * the loop's own, `align.klCoefficient`.
 *
 * @example
 * ```ts
 * import { grpo } from "./grpo.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const [c] = grpo().coefficients({
 *   groupSize: 2,
 *   reward: Float64Array.of(2, 0),
 *   logDensityRatio: new Float64Array(2),
 *   baseline: new Float64Array(2),
 *   policyLogProb: new Float64Array(2),
 *   anchorLogProb: null,
 * });
 * assertAlmostEquals(c!, 1 / (Math.SQRT2 + 1e-4) / 2);
 * ```
 */
export function grpo(): Objective {
  return fromAdvantages("grpo", groupRelativeAdvantages);
}

/**
 * Rewards in standard deviations from their group's mean; 0 where all agree, and of one alone.
 *
 * @param rewards [n]
 *
 * @example
 * ```ts
 * import { groupRelativeAdvantages } from "./grpo.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(groupRelativeAdvantages(Float64Array.of(0.3, 0.3, 0.3)), new Float64Array(3));
 * ```
 */
export function groupRelativeAdvantages(rewards: Float64Array): Float64Array {
  // A mean of equals may miss them by a rounding error, which would be divided by almost nothing.
  if (rewards.every((reward) => reward === rewards[0])) return new Float64Array(rewards.length);
  const mean = meanOf(rewards);
  const variance = rewards.reduce((sum, reward) => sum + square(reward - mean), 0) / (rewards.length - 1);
  return rewards.map((reward) => (reward - mean) / (Math.sqrt(variance) + EPSILON));
}
