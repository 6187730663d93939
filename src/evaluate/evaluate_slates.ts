import type { Context } from "../core/context.ts";
import type { Result, SystemName } from "../core/results.ts";
import type { Signals } from "../core/signals.ts";
import type { RandomKey } from "../numerics/random.ts";
import { combine, type RewardTerm, signedWeights } from "../reward/combine.ts";
import type { MetricBatch } from "../reward/metric.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import { measure, type Measurement, summarize } from "./measure.ts";

/** A system's results on a split. */
export interface SystemEvaluation {
  /** One per metric, in the order asked for; `reward` last. */
  readonly results: readonly Result[];
  /** [contexts] values by metric spec, NaN where undefined. Without the metrics that have one value for all contexts. */
  readonly perContext: ReadonlyMap<string, Float64Array>;
}

/** What to evaluate. */
export interface EvaluationInput {
  /** Who made the lists. */
  readonly system: SystemName;
  /** What the contexts are of. */
  readonly split: "validation" | "test";
  /** [B·K] ranked `ItemIndex`es, one list per context, −1 where a list is short. */
  readonly items: Int32Array;
  /** K */
  readonly cutoff: number;
  /** [B] */
  readonly contexts: readonly Context[];
  /** What to measure. */
  readonly metrics: readonly LoadedMetric[];
  /** What the metrics read. */
  readonly signals: Signals;
  /** Adds the metric `reward`: the weighted sum of these terms. */
  readonly reward?: readonly RewardTerm[];
  /** Of the bootstrap; 1000 when left out. */
  readonly resamples?: number;
  /** Of the bootstrap. */
  readonly key: RandomKey;
}

/**
 * Measures a system's lists by every metric, with bootstrap intervals over contexts. A term of the reward that is of
 * all lists together has one value, which enters the reward of every context alike.
 *
 * @throws {BladeError} when a plugin fails on a list.
 *
 * @example
 * ```ts
 * import { evaluateSlates } from "./evaluate_slates.ts";
 * import { loadMetric } from "../reward/registry.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const context = (contextId: number) => ({ contextId, user: contextId, history: [], seen: new Set<number>() });
 * const { results, perContext } = await evaluateSlates({
 *   system: "reference",
 *   split: "test",
 *   items: Int32Array.of(4, 5, 6, 7),
 *   cutoff: 2,
 *   contexts: [context(0), context(1)],
 *   metrics: [await loadMetric("mrr@2")],
 *   signals: { relevance: { of: () => new Map([[5, 1]]) } } as never,
 *   key: randomKey(1),
 * });
 * assertEquals(perContext.get("mrr@2"), Float64Array.of(0.5, 0));
 * assertEquals(results[0]?.mean, 0.25);
 * ```
 */
export async function evaluateSlates(input: EvaluationInput): Promise<SystemEvaluation> {
  const { system, split, contexts, signals, key, reward } = input;
  const batch: MetricBatch = {
    items: input.items,
    contextRow: Int32Array.from(contexts, (_, row) => row),
    contexts,
    cutoff: input.cutoff,
  };
  const resampling = (spec: string) => ({
    ...(input.resamples === undefined ? {} : { resamples: input.resamples }),
    key: key.split("bootstrap", spec),
  });
  const wanted = new Map([...input.metrics, ...(reward ?? []).map(({ metric }) => metric)]
    .map((metric) => [metric.spec, metric]));
  const measured = new Map<string, Measurement>();
  for (const [spec, metric] of wanted) {
    measured.set(spec, await measure(metric, batch, signals, resampling(spec)));
  }
  const chosen = input.metrics.map(({ spec }) => [spec, measured.get(spec)!] as const);
  if (reward !== undefined) {
    const values = rewardOf(reward, measured, contexts.length);
    chosen.push(["reward", { summary: summarize(values, resampling("reward")), values }]);
  }
  return {
    results: chosen.map(([metric, { summary }]) => ({ system, metric, split, ...summary })),
    perContext: new Map(chosen.flatMap(([spec, { values }]) => values === undefined ? [] : [[spec, values]])),
  };
}

function rewardOf(
  terms: readonly RewardTerm[],
  measured: ReadonlyMap<string, Measurement>,
  contexts: number,
): Float64Array {
  const weights = signedWeights(terms);
  const parts = terms.map(({ metric }) => {
    const { summary, values } = measured.get(metric.spec)!;
    return values ?? new Float64Array(contexts).fill(summary.mean ?? NaN);
  });
  return Float64Array.from(
    { length: contexts },
    (_, row) => combine(parts.map((part) => part[row]!), weights),
  );
}
