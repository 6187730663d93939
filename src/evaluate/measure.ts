import type { Signals } from "../core/signals.ts";
import { bootstrapTogether, DEFAULT_RESAMPLES } from "../numerics/bootstrap.ts";
import { percentileInterval } from "../numerics/interval.ts";
import type { RandomKey } from "../numerics/random.ts";
import { judgeOf } from "../reward/judge.ts";
import type { MetricBatch } from "../reward/metric.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import { groupByDefined } from "./group_by_defined.ts";

/** A mean over contexts and how sure it is. */
export interface Summary {
  /** Null when undefined in every context. */
  readonly mean: number | null;
  /** 95 % percentile interval of the bootstrap; null where there is one value or none. */
  readonly interval95: readonly [number, number] | null;
  /** Contexts that the mean is over. */
  readonly contexts: number;
  /** Contexts without a value. */
  readonly undefined: number;
}

/** A metric over lists, one per context. */
export interface Measurement {
  /** Over the contexts. */
  readonly summary: Summary;
  /** [contexts] NaN where undefined. Left out for a metric of all lists together, which has one value. */
  readonly values?: Float64Array;
}

/** How the interval is made. */
export interface Resampling {
  /** 1000 when left out. */
  readonly resamples?: number;
  /** The same key gives the same interval. */
  readonly key: RandomKey;
}

/**
 * The mean of values by context, over those that have one.
 *
 * @param values [contexts] NaN where undefined
 *
 * @example
 * ```ts
 * import { summarize } from "./measure.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const summary = summarize(Float64Array.of(1, 1, NaN), { key: randomKey(1) });
 * assertEquals(summary, { mean: 1, interval95: [1, 1], contexts: 2, undefined: 1 });
 * ```
 */
export function summarize(values: Float64Array, resampling: Resampling): Summary {
  return summarizeTogether([values], resampling)[0]!;
}

/**
 * The means of several metrics over the same contexts. Metrics that have values in the same contexts share their
 * resamples, which is faster; what a metric's summary says does not depend on the others.
 *
 * @param columns [metrics][contexts] NaN where undefined
 *
 * @example
 * ```ts
 * import { summarize, summarizeTogether } from "./measure.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const [recall, ild] = [Float64Array.of(0, 1, NaN), Float64Array.of(0.2, 0.4, 0.9)];
 * const together = summarizeTogether([recall, ild], { key: randomKey(1) });
 * assertEquals(together, [recall, ild].map((values) => summarize(values, { key: randomKey(1) })));
 * ```
 */
export function summarizeTogether(
  columns: readonly Float64Array[],
  { resamples = DEFAULT_RESAMPLES, key }: Resampling,
): Summary[] {
  const summaries: Summary[] = [];
  for (const places of groupByDefined(columns)) {
    const defined = places.map((place) => columns[place]!.filter((value) => !Number.isNaN(value)));
    const contexts = defined[0]!.length;
    const means = contexts > 1 ? bootstrapTogether(defined, resamples, key) : [];
    places.forEach((place, at) => {
      const sum = defined[at]!.reduce((sum, value) => sum + value, 0);
      summaries[place] = {
        mean: contexts === 0 ? null : sum / contexts,
        interval95: contexts > 1 ? percentileInterval(means[at]!) : null,
        contexts,
        undefined: columns[place]!.length - contexts,
      };
    });
  }
  return summaries;
}

/**
 * Measures lists, one row per context, by one metric.
 *
 * @throws {BladeError} when the plugin fails on a list.
 *
 * @example
 * ```ts
 * import { measure } from "./measure.ts";
 * import { loadMetric } from "../reward/registry.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const batch = { items: Int32Array.of(0, 1, 1, 2), contextRow: Int32Array.of(0, 1), contexts: [], cutoff: 2 };
 * const { summary } = await measure(await loadMetric("coverage"), batch, { catalogSize: 4 } as never, { key: randomKey(1) });
 * assertEquals(summary, { mean: 0.75, interval95: null, contexts: 2, undefined: 0 });
 * ```
 */
export async function measure(
  loaded: LoadedMetric,
  batch: MetricBatch,
  signals: Signals,
  resampling: Resampling,
): Promise<Measurement> {
  if (loaded.metric.kind === "list") {
    const { values } = await judgeOf(loaded).scoreList(batch, signals);
    return { summary: summarize(values, resampling), values };
  }
  const value = await judgeOf(loaded).populationValue(batch, signals);
  const rows = batch.contextRow.length;
  return {
    summary: typeof value === "number"
      ? { mean: value, interval95: null, contexts: rows, undefined: 0 }
      : { mean: null, interval95: null, contexts: 0, undefined: rows },
  };
}
