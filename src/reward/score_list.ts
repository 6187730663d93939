import type { Signals } from "../core/signals.ts";
import { rowOf } from "./cut.ts";
import { PluginFault } from "./fault.ts";
import type { ListMetric, MetricBatch } from "./metric.ts";
import { isNotDefined } from "./not_defined.ts";

/** Values of a metric for the rows of a batch. */
export interface ListScores {
  /** [R] finite numbers; NaN where the metric has no value. */
  readonly values: Float64Array;
  /** Why, by row. */
  readonly reasons: ReadonlyMap<number, string>;
}

/**
 * Asks a metric about many slates and lets nothing out but finite numbers and reasons. An empty slate is shown only
 * to a metric that needs relevance (where it is a miss); for the others it has no value.
 *
 * @param spec the metric as the user named it, for messages.
 * @param watch told each row before a metric that scores slate by slate is asked about it.
 * @throws {PluginFault} when the plugin throws or answers with anything but a finite number or `notDefined`: plugin,
 * context and slate are named.
 *
 * @example
 * ```ts
 * import { scoreList } from "./score_list.ts";
 * import { defineMetric } from "blade";
 * import { assertEquals } from "@std/assert";
 * const length = defineMetric({
 *   name: "length",
 *   summary: "Items of the slate.",
 *   kind: "list",
 *   range: [0, Infinity],
 *   direction: "maximize",
 *   needs: [],
 *   score: (slate) => slate.length,
 * });
 * const context = { contextId: 0, user: 0, history: [], seen: new Set<number>() };
 * const batch = { items: Int32Array.of(4, 7, -1, -1), contextRow: Int32Array.of(0, 0), contexts: [context], cutoff: 2 };
 * const { values, reasons } = scoreList("length", length(), batch, {} as never);
 * assertEquals([...values], [2, NaN]);
 * assertEquals(reasons.get(1), "the slate is empty");
 * ```
 */
export function scoreList(
  spec: string,
  metric: ListMetric,
  batch: MetricBatch,
  signals: Signals,
  watch: (row: number) => void = () => {},
): ListScores {
  const values = new Float64Array(batch.contextRow.length).fill(NaN);
  const reasons = new Map<number, string>();
  const isAsked = skipEmpty(metric, batch);
  if (metric.scoreBatch !== undefined) {
    const undefine = (row: number, reason: string) => {
      values[row] = NaN;
      reasons.set(row, reason);
    };
    try {
      metric.scoreBatch(batch, signals, values, undefine);
    } catch (error) {
      throw blame(spec, batch, findCulprit(metric, batch, signals), { thrown: error });
    }
  } else {
    for (let row = 0; row < values.length; row++) {
      if (!isAsked(row)) continue;
      watch(row);
      values[row] = scoreRow(spec, metric, batch, row, signals, reasons);
    }
  }
  for (let row = 0; row < values.length; row++) {
    if (!isAsked(row)) {
      values[row] = NaN;
      reasons.set(row, "the slate is empty");
    } else if (Number.isNaN(values[row]) && !reasons.has(row)) {
      reasons.set(row, "no value given");
    } else if (Math.abs(values[row]!) === Infinity) {
      throw blame(spec, batch, row, { value: values[row] });
    }
  }
  return { values, reasons };
}

function skipEmpty(metric: ListMetric, batch: MetricBatch): (row: number) => boolean {
  if (metric.needs.includes("relevance")) return () => true;
  const width = Math.min(batch.cutoff, batch.ranks === undefined ? metric.cutoff ?? Infinity : Infinity);
  return (row) => {
    for (let at = row * batch.cutoff; at < row * batch.cutoff + width; at++) {
      const counts = batch.ranks === undefined || batch.ranks[at]! <= (metric.cutoff ?? Infinity);
      if (counts && batch.items[at]! >= 0) return true;
    }
    return false;
  };
}

function scoreRow(
  spec: string,
  metric: ListMetric,
  batch: MetricBatch,
  row: number,
  signals: Signals,
  reasons: Map<number, string>,
): number {
  const { slate, ranks } = rowOf(batch, row);
  const context = batch.contexts[batch.contextRow[row]!]!;
  let value: unknown;
  try {
    value = metric.score!(slate, context, signals, ranks);
  } catch (error) {
    throw blame(spec, batch, row, { thrown: error });
  }
  if (isNotDefined(value)) {
    reasons.set(row, value.notDefined);
    return NaN;
  }
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw blame(spec, batch, row, { value });
  }
  return value;
}

/** The first row that throws when it is asked about alone; undefined when only the whole batch does. */
function findCulprit(metric: ListMetric, batch: MetricBatch, signals: Signals): number | undefined {
  for (let row = 0; row < batch.contextRow.length; row++) {
    const part = [row * batch.cutoff, (row + 1) * batch.cutoff] as const;
    const alone: MetricBatch = {
      ...batch,
      items: batch.items.slice(...part),
      contextRow: batch.contextRow.slice(row, row + 1),
      ...(batch.ranks === undefined ? {} : { ranks: batch.ranks.slice(...part) }),
    };
    try {
      metric.scoreBatch!(alone, signals, new Float64Array(1), () => {});
    } catch {
      return row;
    }
  }
  return undefined;
}

/** What a plugin did wrong: it threw, or gave a value that is none. */
type Fault = { readonly thrown: unknown } | { readonly value: unknown };

function blame(spec: string, batch: MetricBatch, row: number | undefined, fault: Fault): PluginFault {
  const place = placeOf(spec, batch, row);
  const rows = row === undefined ? undefined : [row, row + 1] as const;
  const mend = "correct the plugin for this slate, and return notDefined(reason) where it has no value";
  if ("value" in fault) {
    const rule = "must give a finite number or notDefined(reason)";
    return new PluginFault({ place, rule, value: fault.value, mend }, rows);
  }
  const { thrown } = fault;
  const said = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : thrown;
  return new PluginFault({ place, rule: "must not throw", value: said, mend }, rows);
}

/** A metric and the slate that it is asked about, for messages; the whole batch where the slate is not known. */
export function placeOf(spec: string, batch: MetricBatch, row: number | undefined): string {
  const context = row === undefined ? undefined : batch.contexts[batch.contextRow[row]!];
  const where = row === undefined || context === undefined
    ? `a batch of ${batch.contextRow.length} slates`
    : `context ${context.contextId} (user ${context.user}), slate [${rowOf(batch, row).slate.join(", ")}]`;
  return `metric ${spec}: ${where}`;
}
