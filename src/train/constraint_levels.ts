import type { Context } from "../core/context.ts";
import type { RewardBatch } from "../core/rewards.ts";
import type { Signals } from "../core/signals.ts";
import type { Slates } from "../core/slates.ts";
import type { Constraint } from "../reward/constraints.ts";
import { judgeOf } from "../reward/judge.ts";
import { metricBatch } from "../reward/score_rollouts.ts";
import { definedMean } from "./prior.ts";

/**
 * Where the rollouts of a step stand on each constraint: the mean of a metric of one list, the value of a metric of
 * many over all of them.
 *
 * @returns [constraints] NaN where no list has a value
 */
export async function constraintLevels(
  constraints: readonly Constraint[],
  rewards: RewardBatch,
  rollouts: Slates,
  contexts: readonly Context[],
  signals: Signals,
): Promise<number[]> {
  const first = rewards.values.length - constraints.length;
  return await Promise.all(constraints.map(async ({ metric }, i) => {
    if (metric.metric.kind === "list") return definedMean(rewards.values[first + i]!);
    const value = await judgeOf(metric).populationValue(metricBatch(rollouts, contexts), signals);
    return typeof value === "number" ? value : NaN;
  }));
}
