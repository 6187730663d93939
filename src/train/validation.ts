import type { ContextSet } from "../core/context.ts";
import type { Signals } from "../core/signals.ts";
import { evaluateSlates } from "../evaluate/evaluate_slates.ts";
import type { Parameters } from "../model/parameters.ts";
import { randomKey } from "../numerics/random.ts";
import { type Constraint, type ConstraintScale, gapOf } from "../reward/constraints.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import type { RewardTerm } from "../reward/score_rollouts.ts";
import { rankAll } from "../rollout/roll_out.ts";
import type { Model } from "./model.ts";

/** What the validation lists are judged by: one metric, or the reward, and bounds that they are to keep. */
export type ValidationMeasure = { readonly metric: LoadedMetric } | {
  readonly reward: readonly RewardTerm[];
  readonly constraints?: readonly Constraint[];
  /** [constraints] */
  readonly scales?: readonly ConstraintScale[];
};

/** How lists did on validation. */
export interface ValidationVerdict {
  /** Mean of the measure; NaN where it is undefined for all. */
  readonly score: number;
  /** How far the constraints are violated in all, in their metrics' scales; 0 where they are kept. */
  readonly violation: number;
}

/** Judges the greedy lists of the validation contexts. */
export async function validationScore(
  model: Model,
  parameters: Parameters,
  set: ContextSet,
  signals: Signals,
  measure: ValidationMeasure,
  cutoff: number,
): Promise<ValidationVerdict> {
  const { constraints = [], scales = [] } = "reward" in measure ? measure : {};
  const { items } = await rankAll(model.policy, parameters, set.contexts, { cutoff, beams: 1 });
  const { results } = await evaluateSlates({
    system: "reference",
    split: "validation",
    items,
    cutoff,
    contexts: set.contexts,
    metrics: "metric" in measure ? [measure.metric] : constraints.map(({ metric }) => metric),
    signals,
    ...("reward" in measure ? { reward: measure.reward } : {}),
    resamples: 100,
    key: randomKey(0),
  });
  const gaps = constraints.map((constraint, i) => {
    const level = results[i]!.mean;
    return level === null ? 0 : Math.max(0, gapOf(constraint, level, scales[i]!));
  });
  return { score: results.at(-1)!.mean ?? NaN, violation: gaps.reduce((sum, gap) => sum + gap, 0) };
}
