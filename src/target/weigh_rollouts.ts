import type { Evidence } from "./evidence.ts";
import { requireBestOf, requireOneColumn, requireRewards } from "./requirements.ts";
import { rewardMass } from "./reward_mass.ts";
import { bayesianWeighing, weighGroup } from "./weigh_group.ts";

export { bestOfNDensityRatio } from "./best_of_n.ts";

/**
 * Weighs the rollouts of one context against the evidence and each other, before the evidence is updated with them.
 *
 * @param evidence What was known before the visit.
 * @param rewards [G] rewards of the rollouts.
 * @param o.n The N of best-of-N, ≥ 1; need not be an integer.
 * @returns `logDensityRatio` [G] nats: ω of each rollout, every other one of the group counting as an observation of
 * weight 1; `groupBaseline` [G] nats: for each rollout the mean ω of the others, weighed without it (of a group of
 * one: the mean of ω under the evidence).
 * @throws {BladeError} when n is below 1, a reward is no number, or the evidence is of several metrics.
 *
 * @example
 * ```ts
 * import { createEvidence } from "./evidence.ts";
 * import { weighRollouts } from "./weigh_rollouts.ts";
 * import { assert, assertAlmostEquals } from "@std/assert";
 * const evidence = createEvidence({ prior: [0.1, 0.2, 0.3], priorStrength: 3 });
 * // Both beat all that was seen, and still the better one is worth more.
 * const { logDensityRatio } = weighRollouts(evidence, [0.5, 0.6], { n: 4 });
 * assert(logDensityRatio[1]! > logDensityRatio[0]!);
 * assertAlmostEquals(weighRollouts(evidence, [0.5], { n: 1 }).logDensityRatio[0]!, 0);
 * ```
 */
export function weighRollouts(
  evidence: Evidence,
  rewards: ArrayLike<number>,
  o: { readonly n: number },
): { logDensityRatio: Float64Array; groupBaseline: Float64Array } {
  requireBestOf(o.n);
  requireRewards("rewards", rewards);
  requireOneColumn(evidence);
  const masses = [rewardMass(evidence.values, evidence.weights)];
  const { logDensityRatio, baseline } = weighGroup(masses, rewards, bayesianWeighing(o.n));
  return { logDensityRatio, groupBaseline: baseline };
}
