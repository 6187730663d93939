import type { PluginPolicy } from "../core/isolation.ts";
import { createRegistry } from "../reward/registry.ts";
import type { ListNotes } from "./list_notes.ts";
import { type ListTables, readTables } from "./list_tables.ts";
import type { Summary } from "./measure.ts";
import { measureLists, summarizeLists } from "./measure_lists.ts";

/** The tables that lists come in, and what is counted of them. */
export type { ListTables, TableRow } from "./list_tables.ts";
export type { ListNotes } from "./list_notes.ts";

/** Any system's lists, measured. Keys are the metric specs as typed. */
export interface ListEvaluation {
  /** Mean and interval by metric. */
  readonly metrics: Readonly<Record<string, Summary>>;
  /** By metric and user, null where undefined. Without the metrics that have one value for all users. */
  readonly perUser: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  /** What is unusual about the lists, counted. */
  readonly notes: ListNotes;
}

/** How lists are measured. */
export interface ListEvaluationOptions {
  /** Modules of the user's own metrics. */
  readonly plugins?: readonly string[];
  /** Which of them run in a process without permissions; by default those from outside the working folder. */
  readonly isolate?: PluginPolicy["isolate"];
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
 * const { metrics, perUser, notes } = await evaluateLists({
 *   lists: [["ann", "film 1", 1], ["ann", "film 2", 2], ["bob", "film 1", 2]],
 *   relevant: [["ann", "film 2"], ["bob", "film 3"]],
 * }, ["mrr@2"]);
 * assertEquals(metrics["mrr@2"]?.mean, 0.25);
 * assertEquals(perUser["mrr@2"], { ann: 0.5, bob: 0 });
 * assertEquals(notes.rankGaps, 1);
 * ```
 */
export async function evaluateLists(
  tables: ListTables,
  specs: readonly string[],
  { plugins = [], isolate, ...resampling }: ListEvaluationOptions = {},
): Promise<ListEvaluation> {
  await using registry = await createRegistry(plugins, isolate === undefined ? {} : { isolate });
  const metrics = await Promise.all([...new Set(specs)].map((spec) => registry.load(spec)));
  const columns = await readTables(tables);
  const [measured] = await measureLists(columns, metrics);
  const { values, notes } = measured!;
  const summaries = summarizeLists(values, columns.contexts, resampling);
  const users = columns.users.slice(0, columns.contexts);
  return {
    metrics: Object.fromEntries(values.map(({ metric }, at) => [metric.spec, summaries[at]!])),
    perUser: Object.fromEntries(
      values.flatMap(({ metric, perUser }) => {
        if (perUser === undefined) return [];
        return [[metric.spec, Object.fromEntries(users.map((user, row) => [user, nullable(perUser[row]!)]))]];
      }),
    ),
    notes,
  };
}

function nullable(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
