import type { ContextSet } from "../core/context.ts";
import type { Signals } from "../core/signals.ts";
import { evaluateSlates } from "../evaluate/evaluate_slates.ts";
import type { Parameters } from "../model/parameters.ts";
import { randomKey } from "../numerics/random.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import type { RewardTerm } from "../reward/score_rollouts.ts";
import { rankAll } from "../rollout/roll_out.ts";
import type { Model } from "./model.ts";

/** What the validation lists are judged by: one metric, or the reward. */
export type ValidationMeasure = { readonly metric: LoadedMetric } | {
  readonly reward: readonly RewardTerm[];
};

/** Mean of a measure over the greedy lists of the validation contexts; NaN where it is undefined for all. */
export async function validationScore(
  model: Model,
  parameters: Parameters,
  set: ContextSet,
  signals: Signals,
  measure: ValidationMeasure,
  cutoff: number,
): Promise<number> {
  const { items } = await rankAll(model.policy, parameters, set.contexts, { cutoff, beams: 1 });
  const { results } = await evaluateSlates({
    system: "reference",
    split: "validation",
    items,
    cutoff,
    contexts: set.contexts,
    metrics: "metric" in measure ? [measure.metric] : [],
    signals,
    ...("reward" in measure ? { reward: measure.reward } : {}),
    resamples: 100,
    key: randomKey(0),
  });
  return results.at(-1)!.mean ?? NaN;
}
