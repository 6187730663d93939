import { randomKey } from "../numerics/random.ts";
import { checkNeeds } from "../reward/needs.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import { judgeOf } from "../reward/judge.ts";
import { isNotDefined } from "../reward/not_defined.ts";
import { groupRows } from "./group_rows.ts";
import { listBatch } from "./list_batch.ts";
import type { ListColumns } from "./list_columns.ts";
import { type ListNotes, listNotes } from "./list_notes.ts";
import { summarizeTogether, type Summary } from "./measure.ts";
import { type TableSignals, tableSignals } from "./table_signals.ts";

/** What a metric says of the lists of one system. */
export interface ListValues {
  readonly metric: LoadedMetric;
  /** Of a metric of one list: [contexts] its values, NaN where undefined. */
  readonly perUser?: Float64Array;
  /** Of a metric of all lists together: its value, null where undefined. */
  readonly whole?: number | null;
}

/** The lists of one system, measured. */
export interface MeasuredLists {
  /** In the order of the metrics. */
  readonly values: readonly ListValues[];
  readonly notes: ListNotes;
}

/**
 * Measures the lists of every system by every metric, all with the same contexts and signals.
 *
 * @throws {BladeError} for a table that a metric needs and is not there, or when a plugin fails on a list.
 *
 * @example
 * ```ts
 * import { loadMetric } from "../reward/registry.ts";
 * import { readTables } from "./list_tables.ts";
 * import { measureLists } from "./measure_lists.ts";
 * import { assertEquals } from "@std/assert";
 * const columns = await readTables({ lists: [["ann", "a", 2]], relevant: [["ann", "a"]] });
 * const [measured] = await measureLists(columns, [await loadMetric("mrr"), await loadMetric("coverage")]);
 * assertEquals(measured?.values.map(({ perUser, whole }) => perUser ?? whole), [Float64Array.of(0.5), 1]);
 * ```
 */
export async function measureLists(
  columns: ListColumns,
  metrics: readonly LoadedMetric[],
): Promise<MeasuredLists[]> {
  const described = tableSignals(columns);
  checkNeeds(metrics, described.available);
  const measured: MeasuredLists[] = [];
  for (let system = 0; system < columns.lists.length; system++) {
    measured.push(await measureSystem(columns, system, metrics, described));
  }
  return measured;
}

async function measureSystem(
  columns: ListColumns,
  system: number,
  metrics: readonly LoadedMetric[],
  { contexts, signals }: TableSignals,
): Promise<MeasuredLists> {
  const lists = columns.lists[system]!;
  const ranked = groupRows(lists.users, contexts.length, lists.ranks);
  const deepest = Math.max(...metrics.map(({ cutoff }) => cutoff ?? Infinity));
  const batch = listBatch(lists, ranked, contexts, deepest);
  const values: ListValues[] = [];
  for (const metric of metrics) {
    const judge = judgeOf(metric);
    if (metric.metric.kind === "list") {
      values.push({ metric, perUser: (await judge.scoreList(batch, signals)).values });
    } else {
      const whole = await judge.populationValue(batch, signals);
      values.push({ metric, whole: isNotDefined(whole) ? null : whole });
    }
  }
  return { values, notes: listNotes(columns, lists, ranked) };
}

/**
 * Means and intervals of measured lists, in their order. All metrics see the same resamples of users.
 *
 * @param contexts how many users were judged
 *
 * @example
 * ```ts
 * import { loadMetric } from "../reward/registry.ts";
 * import { summarizeLists } from "./measure_lists.ts";
 * import { assertEquals } from "@std/assert";
 * const values = [{ metric: await loadMetric("coverage"), whole: 0.5 }];
 * assertEquals(summarizeLists(values, 3), [{ mean: 0.5, interval95: null, contexts: 3, undefined: 0 }]);
 * ```
 */
export function summarizeLists(
  values: readonly ListValues[],
  contexts: number,
  { resamples, seed = 1 }: { readonly resamples?: number; readonly seed?: number } = {},
): Summary[] {
  const columns = values.flatMap(({ perUser }) => perUser ?? []);
  const resampling = {
    key: randomKey(seed).split("bootstrap"),
    ...(resamples === undefined ? {} : { resamples }),
  };
  const summaries = summarizeTogether(columns, resampling).values();
  return values.map(({ perUser, whole = null }): Summary => {
    if (perUser !== undefined) return summaries.next().value!;
    return whole === null
      ? { mean: null, interval95: null, contexts: 0, undefined: contexts }
      : { mean: whole, interval95: null, contexts, undefined: 0 };
  });
}

/**
 * The values of measured lists, a row per metric and user, for a table.
 *
 * @param users ids by user number
 *
 * @example
 * ```ts
 * import { loadMetric } from "../reward/registry.ts";
 * import { perUserRows } from "./measure_lists.ts";
 * import { assertEquals } from "@std/assert";
 * const values = [{ metric: await loadMetric("mrr"), perUser: Float64Array.of(0.5, NaN) }];
 * assertEquals([...perUserRows(values, ["ann", "bob", "only in the history"])], [
 *   { user: "ann", metric: "mrr", value: 0.5 },
 *   { user: "bob", metric: "mrr", value: null },
 * ]);
 * ```
 */
export function* perUserRows(
  values: readonly ListValues[],
  users: readonly string[],
): Generator<{ readonly user: string; readonly metric: string; readonly value: number | null }> {
  for (const { metric: { spec: metric }, perUser } of values) {
    if (perUser === undefined) continue;
    for (const [row, value] of perUser.entries()) {
      yield { user: users[row]!, metric, value: Number.isNaN(value) ? null : value };
    }
  }
}
