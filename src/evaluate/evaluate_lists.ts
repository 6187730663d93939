import { DEFAULT_RESAMPLES } from "../numerics/bootstrap.ts";
import { randomKey } from "../numerics/random.ts";
import { checkNeeds } from "../reward/needs.ts";
import { createRegistry } from "../reward/registry.ts";
import { listBatch } from "./list_batch.ts";
import { type ListTables, readTables } from "./list_tables.ts";
import { measure, type Summary } from "./measure.ts";
import { tableSignals } from "./table_signals.ts";

/** The tables that lists come in. */
export type { ListTables, TableRow } from "./list_tables.ts";

/** Any system's lists, measured. Keys are the metric specs as typed. */
export interface ListEvaluation {
  /** Mean and interval by metric. */
  readonly metrics: Readonly<Record<string, Summary>>;
  /** By metric and user, null where undefined. Without the metrics that have one value for all users. */
  readonly perUser: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
}

/** How lists are measured. */
export interface ListEvaluationOptions {
  /** Modules of the user's own metrics. */
  readonly plugins?: readonly string[];
  /** Of the bootstrap. */
  readonly resamples?: number;
  /** Of the bootstrap. */
  readonly seed?: number;
}

/**
 * Measures lists of any system by any metrics. A user of `relevant` without a list scores 0 on metrics of relevance;
 * a user without a relevant item has no value there, nor one without a list on the others.
 *
 * @throws {BladeError} for an unknown metric, a cell that does not fit, or a table that a metric needs and is not there.
 *
 * @example
 * ```ts
 * import { evaluateLists } from "./evaluate_lists.ts";
 * import { assertEquals } from "@std/assert";
 * const { metrics, perUser } = await evaluateLists({
 *   lists: [["ann", "film 1", 1], ["ann", "film 2", 2], ["bob", "film 1", 1]],
 *   relevant: [["ann", "film 2"], ["bob", "film 3"]],
 * }, ["mrr@2"]);
 * assertEquals(metrics["mrr@2"]?.mean, 0.25);
 * assertEquals(perUser["mrr@2"], { ann: 0.5, bob: 0 });
 * ```
 */
export async function evaluateLists(
  tables: ListTables,
  specs: readonly string[],
  { plugins = [], resamples = DEFAULT_RESAMPLES, seed = 1 }: ListEvaluationOptions = {},
): Promise<ListEvaluation> {
  const registry = await createRegistry(plugins);
  const metrics = await Promise.all([...new Set(specs)].map((spec) => registry.load(spec)));
  const read = readTables(tables);
  const described = tableSignals(read);
  checkNeeds(metrics, described.available);
  const deepest = Math.max(...metrics.map(({ cutoff }) => cutoff ?? Infinity));
  const batch = listBatch(read.lists, described, Number.isFinite(deepest) ? deepest : undefined);
  const summaries: [string, Summary][] = [];
  const perUser: [string, Record<string, number | null>][] = [];
  for (const metric of metrics) {
    const { summary, values } = await measure(metric, batch, described.signals, {
      resamples,
      key: randomKey(seed).split("bootstrap", metric.spec),
    });
    summaries.push([metric.spec, summary]);
    if (values === undefined) continue;
    perUser.push([
      metric.spec,
      Object.fromEntries(described.users.map((user, row) => [user, nullable(values[row]!)])),
    ]);
  }
  return { metrics: Object.fromEntries(summaries), perUser: Object.fromEntries(perUser) };
}

function nullable(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
