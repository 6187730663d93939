import type { StaticTies } from "../core/rewards.ts";
import { logDensityRatio, staticLogDensityRatio } from "./density_ratio.ts";
import { tallyRows } from "./observations.ts";
import { massAround, type RewardMass, totalMass } from "./reward_mass.ts";
import { roundSignificant } from "../numerics/round_significant.ts";

/** How a target turns observed rewards into a log density ratio. */
export interface Weighing {
  /** ω of a reward, nats, from the weight observed below, at and above it. */
  logRatio(below: number, equal: number, above: number): number;
  /** Weight of the other rollouts of a group in the judgement of one: 1, or 0 for a target that is fixed. */
  readonly peerWeight: number;
}

/** ω and baseline of the rollouts of one group, nats. */
export interface GroupWeights {
  /** [G] */
  readonly logDensityRatio: Float64Array;
  /** [G] mean ω of the others, weighed without this one: it does not depend on this rollout, given the others. */
  readonly baseline: Float64Array;
}

/** The Bayesian target: every rollout is weighed against the evidence and the other rollouts of its group. */
export function bayesianWeighing(n: number): Weighing {
  return { logRatio: (below, equal, above) => logDensityRatio(below, equal, above, n), peerWeight: 1 };
}

/** The static target: only the reference's slates count, each with weight 1. */
export function staticWeighing(n: number, ties: StaticTies = "half"): Weighing {
  return {
    logRatio: (below, equal, above) => staticLogDensityRatio(below, equal, below + equal + above, n, ties),
    peerWeight: 0,
  };
}

/**
 * Weighs the rollouts of one context. One evaluation of ω serves all rollouts that tie, and three more of them
 * (without one lower, one equal, one higher rollout) serve every baseline: O((G + log atoms)·G), not O(G²) ω's.
 *
 * A rollout without others takes for its baseline the mean of ω under the evidence, which is known before it is
 * drawn as well.
 *
 * @param masses What was observed before the group.
 * @param rewards [G] rewards of the rollouts, in any order.
 *
 * @example
 * ```ts
 * import { bayesianWeighing, weighGroup } from "./weigh_group.ts";
 * import { rewardMass } from "./reward_mass.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const mass = rewardMass(Float64Array.of(0), Float64Array.of(2));
 * const { logDensityRatio } = weighGroup([mass], [1], bayesianWeighing(3));
 * assertAlmostEquals(Math.exp(logDensityRatio[0]!), 2 * (1 / 2 + 1 / 3 + 1 / 4), 1e-12);
 * ```
 */
export function weighGroup(
  masses: readonly RewardMass[],
  rewards: ArrayLike<number>,
  weighing: Weighing,
): GroupWeights {
  const size = rewards.length;
  const classes = tallyRows(Float64Array.from(rewards, (reward) => roundSignificant(reward)), 1);
  const { ratio, baseline } = weighClasses(masses, classes.values, classes.weights, weighing);
  const out = { logDensityRatio: new Float64Array(size), baseline: new Float64Array(size) };
  for (let j = 0; j < size; j++) {
    const at = classes.values.indexOf(roundSignificant(rewards[j]!));
    out.logDensityRatio[j] = ratio[at]!;
    out.baseline[j] = baseline[at]!;
  }
  return out;
}

/** ω and baseline for each distinct reward of a group. */
function weighClasses(
  masses: readonly RewardMass[],
  rewards: Float64Array,
  counts: Float64Array,
  { logRatio, peerWeight }: Weighing,
): { ratio: Float64Array; baseline: Float64Array } {
  const size = rewards.length;
  const group = counts.reduce((sum, count) => sum + count, 0);
  const ratio = new Float64Array(size);
  const baseline = new Float64Array(size);
  // Sums of ω over the rollouts of a class, by whom they are weighed without.
  const withoutLower = new Float64Array(size);
  const withoutEqual = new Float64Array(size);
  const withoutHigher = new Float64Array(size);
  let lower = 0;
  for (let c = 0; c < size; c++) {
    const count = counts[c]!;
    const higher = group - lower - count;
    const [below, equal, above] = massAround(masses, rewards[c]!);
    const weigh = (fewerLower: number, fewerEqual: number, fewerHigher: number) =>
      logRatio(
        below + peerWeight * (lower - fewerLower),
        equal + peerWeight * (count - 1 - fewerEqual),
        above + peerWeight * (higher - fewerHigher),
      );
    ratio[c] = weigh(0, 0, 0);
    if (lower > 0) withoutLower[c] = count * weigh(1, 0, 0);
    if (count > 1) withoutEqual[c] = (count - 1) * weigh(0, 1, 0);
    if (higher > 0) withoutHigher[c] = count * weigh(0, 0, 1);
    lower += count;
  }
  if (group === 1) {
    baseline[0] = expectedLogRatio(masses, logRatio);
    return { ratio, baseline };
  }
  // A rollout is higher than those of the classes before its own, and lower than those after.
  let others = 0;
  for (let c = 0; c < size; c++) {
    baseline[c] = others + withoutEqual[c]!;
    others += withoutHigher[c]!;
  }
  others = 0;
  for (let c = size - 1; c >= 0; c--) {
    baseline[c] = (baseline[c]! + others) / (group - 1);
    others += withoutLower[c]!;
  }
  return { ratio, baseline };
}

/** Mean of ω over the observations themselves; 0 without any. */
function expectedLogRatio(masses: readonly RewardMass[], logRatio: Weighing["logRatio"]): number {
  const total = totalMass(masses);
  let sum = 0;
  for (const mass of masses) {
    for (let i = 0; i < mass.rewards.length; i++) {
      sum += mass.weights[i]! / total * logRatio(...massAround(masses, mass.rewards[i]!));
    }
  }
  return sum;
}
