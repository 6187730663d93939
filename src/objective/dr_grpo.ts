import { fromAdvantages, meanOf } from "./advantage.ts";
import type { Objective } from "./objective.ts";

/**
 * GRPO done right (Dr. GRPO, arXiv 2503.20783): A_j = r_j − μ, without the division by the standard
 * deviation, which favours contexts that are almost settled. A slate is one action here, so that paper's other
 * correction, of the length, has nothing to correct.
 *
 * @example
 * ```ts
 * import { drGrpo } from "./dr_grpo.ts";
 * import { assertEquals } from "@std/assert";
 * const c = drGrpo().coefficients({
 *   groupSize: 2,
 *   reward: Float64Array.of(2, 0),
 *   logDensityRatio: new Float64Array(2),
 *   baseline: new Float64Array(2),
 *   policyLogProb: new Float64Array(2),
 *   anchorLogProb: null,
 * });
 * assertEquals([...c], [0.5, -0.5]);
 * ```
 */
export function drGrpo(): Objective {
  return fromAdvantages("dr-grpo", centredRewards);
}

/**
 * Rewards less their group's mean.
 *
 * @param rewards [n]
 *
 * @example
 * ```ts
 * import { centredRewards } from "./dr_grpo.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(centredRewards(Float64Array.of(1, 2, 6)), Float64Array.of(-2, -1, 3));
 * ```
 */
export function centredRewards(rewards: Float64Array): Float64Array {
  const mean = meanOf(rewards);
  return rewards.map((reward) => reward - mean);
}
