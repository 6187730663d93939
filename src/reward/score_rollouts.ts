import type { Context } from "../core/context.ts";
import { BladeError } from "../core/errors.ts";
import type { RewardBatch } from "../core/rewards.ts";
import type { Signals } from "../core/signals.ts";
import type { Slates } from "../core/slates.ts";
import { combine, type RewardTerm, signedWeights } from "./combine.ts";
import { judgeOf } from "./judge.ts";
import type { PopulationState } from "./marginal.ts";
import type { MetricBatch } from "./metric.ts";
import type { ListScores } from "./score_list.ts";

/** The reward's parts are named here, where it is put together. */
export type { RewardTerm } from "./combine.ts";

/**
 * Judges slates: raw values per term and one reward, their weighted sum. A slate for which any term has no value has
 * no reward; it is counted, never zero.
 *
 * @param slates B·G slates of the `contexts` [B]
 * @param population what recent rollouts showed; needed when a term is of the population kind, whose raw value is
 * the difference that the slate makes to it.
 * @throws {BladeError} when a plugin fails on a slate: it names plugin, context and slate.
 *
 * @example
 * ```ts
 * import { scoreRollouts } from "./score_rollouts.ts";
 * import { loadMetric } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const terms = [{ metric: await loadMetric("recall@2"), weight: 2 }];
 * const context = { contextId: 0, user: 0, history: [], seen: new Set<number>() };
 * const slates = { groupSize: 2, cutoff: 2, items: Int32Array.of(3, 1, 4, 5), behaviorLogProb: new Float64Array(2) };
 * const signals = { relevance: { of: () => new Map([[1, 1]]) } };
 * const { reward } = await scoreRollouts(slates, [context], terms, signals as never);
 * assertEquals([...reward], [2, 0]);
 * ```
 */
export async function scoreRollouts(
  slates: Slates,
  contexts: readonly Context[],
  terms: readonly RewardTerm[],
  signals: Signals,
  population?: PopulationState,
): Promise<RewardBatch> {
  const batch = metricBatch(slates, contexts);
  const scores = await Promise.all(terms.map((term) => scoreTerm(term, batch, signals, population)));
  const weights = signedWeights(terms);
  const rows = batch.contextRow.length;
  const reward = new Float64Array(rows);
  const defined = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const values = scores.map((score) => score.values[row]!);
    defined[row] = values.some(Number.isNaN) ? 0 : 1;
    reward[row] = defined[row] === 1 ? combine(values, weights) : NaN;
  }
  const undefinedReasons = new Map<string, number>();
  scores.forEach(({ reasons }, term) => {
    for (const reason of reasons.values()) {
      const key = `${terms[term]!.metric.spec}: ${reason}`;
      undefinedReasons.set(key, (undefinedReasons.get(key) ?? 0) + 1);
    }
  });
  return { values: scores.map(({ values }) => values), defined, reward, undefinedReasons };
}

/** B·G slates as metrics see them. */
export function metricBatch(slates: Slates, contexts: readonly Context[]): MetricBatch {
  return {
    items: slates.items,
    contextRow: Int32Array.from(
      { length: contexts.length * slates.groupSize },
      (_, row) => Math.floor(row / slates.groupSize),
    ),
    contexts,
    cutoff: slates.cutoff,
  };
}

async function scoreTerm(
  { metric }: RewardTerm,
  batch: MetricBatch,
  signals: Signals,
  population: PopulationState | undefined,
): Promise<ListScores> {
  if (metric.metric.kind === "list") return await judgeOf(metric).scoreList(batch, signals);
  if (population === undefined) {
    throw new BladeError({
      place: `metric ${metric.spec}`,
      rule: "is of many slates together and needs a count of what was shown before",
      mend: "pass the state of createPopulationState to scoreRollouts",
    });
  }
  return await judgeOf(metric).marginalRewards(batch, signals, population);
}
