import type { RewardBatch } from "../core/rewards.ts";
import type { Composition } from "../reward/composition.ts";
import { definedMean } from "./prior.ts";

/** Where each constraint stands, and its multiplier after the step. */
export function constraintGauges(
  levels: readonly number[],
  multipliers: Float64Array,
  { constraints }: Composition,
): Record<string, number> {
  return Object.fromEntries(constraints.flatMap(({ metric: { spec } }, i) => [
    [`level:${spec}`, levels[i]!],
    [`multiplier:${spec}`, multipliers[i]!],
  ]));
}

/** What a validation found; how far the constraints are violated where there are any. */
export function validated(
  score: number,
  violation: number,
  { constraints }: Composition,
): Record<string, number> {
  return { validation: score, ...(constraints.length === 0 ? {} : { violation }) };
}

/** Mean reward, and the raw mean of each term under its spec. */
export function rewardMeans(
  { reward, values, defined }: RewardBatch,
  { terms }: Composition,
): Record<string, number> {
  const undefinedShare = 1 - defined.reduce((sum, is) => sum + is, 0) / Math.max(1, defined.length);
  return {
    reward: definedMean(reward),
    ...Object.fromEntries(terms.map(({ metric }, i) => [metric.spec, definedMean(values[i]!)])),
    undefined: undefinedShare,
  };
}
