import type { Signals } from "../core/signals.ts";
import { marginalRewards, type PopulationState, populationValue } from "./marginal.ts";
import type { ListMetric, MetricBatch } from "./metric.ts";
import type { NotDefined } from "./not_defined.ts";
import type { LoadedMetric } from "./registry.ts";
import { type ListScores, scoreList } from "./score_list.ts";

/**
 * Who asks a metric: this process, or one without permissions in which the plugin runs.
 *
 * @ignore
 */
export interface Judge {
  /** Values of slates by a metric of one slate. */
  scoreList(batch: MetricBatch, signals: Signals): Promise<ListScores>;
  /** What each slate adds to a metric of many, beside what was shown before. */
  marginalRewards(batch: MetricBatch, signals: Signals, exposure: PopulationState): Promise<ListScores>;
  /** The value of a metric of many slates over all of a batch. */
  populationValue(batch: MetricBatch, signals: Signals): Promise<number | NotDefined>;
}

/**
 * The judge of a metric: the one that it was loaded with, else this process.
 *
 * @example
 * ```ts
 * import { judgeOf } from "./judge.ts";
 * import { loadMetric } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const batch = { items: Int32Array.of(0, 1, 1, 2), contextRow: Int32Array.of(0, 1), contexts: [], cutoff: 2 };
 * const judge = judgeOf(await loadMetric("coverage"));
 * assertEquals(await judge.populationValue(batch, { catalogSize: 4 } as never), 0.75);
 * ```
 */
export function judgeOf(loaded: LoadedMetric): Judge {
  if (loaded.judge !== undefined) return loaded.judge;
  const { spec, metric } = loaded;
  return {
    scoreList: (batch, signals) => settled(() => scoreList(spec, metric as ListMetric, batch, signals)),
    marginalRewards: (batch, signals, exposure) =>
      settled(() => marginalRewards(loaded, batch, signals, exposure)),
    populationValue: (batch, signals) => settled(() => populationValue(loaded, batch, signals)),
  };
}

/** What a call gives, or throws, as a promise. */
function settled<T>(call: () => T): Promise<T> {
  return new Promise((resolve) => resolve(call()));
}
