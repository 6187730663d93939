import { fromAdvantages } from "./advantage.ts";
import type { Objective } from "./objective.ts";

/**
 * REINFORCE with the others of the group for a baseline (RLOO, arXiv 2402.14740; Kool et al. 2019):
 * A_j = r_j − mean over k ≠ j of r_k. An unbiased gradient of the mean reward; n/(n−1) times that of `dr-grpo`.
 *
 * @example
 * ```ts
 * import { rloo } from "./rloo.ts";
 * import { assertEquals } from "@std/assert";
 * const c = rloo().coefficients({
 *   groupSize: 2,
 *   reward: Float64Array.of(2, 0),
 *   logDensityRatio: new Float64Array(2),
 *   baseline: new Float64Array(2),
 *   policyLogProb: new Float64Array(2),
 *   anchorLogProb: null,
 * });
 * assertEquals([...c], [1, -1]);
 * ```
 */
export function rloo(): Objective {
  return fromAdvantages("rloo", leaveOneOutAdvantages);
}

/**
 * Each reward less the mean of the others; 0 for one alone.
 *
 * @param rewards [n]
 *
 * @example
 * ```ts
 * import { leaveOneOutAdvantages } from "./rloo.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(leaveOneOutAdvantages(Float64Array.of(1, 2, 6)), Float64Array.of(-3, -1.5, 4.5));
 * ```
 */
export function leaveOneOutAdvantages(rewards: Float64Array): Float64Array {
  const others = rewards.length - 1;
  if (others === 0) return new Float64Array(1);
  const total = rewards.reduce((sum, reward) => sum + reward, 0);
  return rewards.map((reward) => reward - (total - reward) / others);
}
