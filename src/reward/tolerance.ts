import { BladeError } from "../core/errors.ts";
import { batchRows } from "./batch_rows.ts";
import { PluginFault } from "./fault.ts";
import type { Judge } from "./judge.ts";
import type { MetricBatch } from "./metric.ts";
import type { ListScores } from "./score_list.ts";

/** The slates that are without a value because a plugin failed, counted over a run. */
export interface Losses {
  /**
   * Counts slates.
   *
   * @throws {BladeError} when there are more than the run may lose
   */
  add(spec: string, slates: number, fault: PluginFault): void;
  /** A sentence for each metric and way of failing. */
  sentences(): readonly string[];
}

/** Losses that may come to so many slates. */
export function countLosses(limit: number): Losses {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    add(spec, slates, fault) {
      total += slates;
      const key = `metric ${spec}: {} without a value, because the plugin failed: ${ruleOf(fault)}`;
      counts.set(key, (counts.get(key) ?? 0) + slates);
      if (total <= limit) return;
      throw new BladeError({
        place: fault.refusal.place,
        rule: `must not fail on more slates than reward.onErrorLimit (${limit}); this time: ${ruleOf(fault)}`,
        value: fault.refusal.value,
        mend: "correct the plugin, or raise reward.onErrorLimit",
      });
    },
    sentences: () =>
      [...counts].map(([key, slates]) => key.replace("{}", `${slates} ${slates === 1 ? "slate" : "slates"}`)),
  };
}

/**
 * A judge that goes on where a plugin fails: the slates concerned have no value, and the reason says why.
 *
 * @param spec the metric as the user named it
 *
 * @example
 * ```ts
 * import { countLosses, tolerant } from "./tolerance.ts";
 * import { judgeOf } from "./judge.ts";
 * import { defineMetric } from "./define_metric.ts";
 * import { assertEquals } from "@std/assert";
 * const metric = defineMetric({
 *   name: "odd", summary: "Fails on item 7.", kind: "list", range: [0, 1], direction: "maximize", needs: [],
 *   score: ([item]) => item === 7 ? NaN : 1,
 * })();
 * const losses = countLosses(1);
 * const judge = tolerant("odd", judgeOf({ spec: "odd", metric, source: { specifier: "odd" } }), losses);
 * const batch = { items: Int32Array.of(3, 7, 4), contextRow: Int32Array.of(0, 1, 2), contexts: [], cutoff: 1 };
 * const { values, reasons } = await judge.scoreList(batch, {} as never);
 * assertEquals([values, reasons.size, losses.sentences().length], [Float64Array.of(1, NaN, 1), 1, 1]);
 * ```
 */
export function tolerant(spec: string, judge: Judge, losses: Losses): Judge {
  /** Asks about some rows, and without those that the plugin fails on again. */
  const ask = async (
    batch: MetricBatch,
    rows: readonly number[],
    scored: (batch: MetricBatch) => Promise<ListScores>,
    out: { readonly values: Float64Array; readonly reasons: Map<number, string> },
  ): Promise<void> => {
    if (rows.length === 0) return;
    try {
      const { values, reasons } = await scored(batchRows(batch, rows));
      rows.forEach((row, at) => out.values[row] = values[at]!);
      for (const [at, reason] of reasons) out.reasons.set(rows[at]!, reason);
    } catch (error) {
      if (!(error instanceof PluginFault)) throw error;
      const middle = rows.length >> 1;
      if (error.rows === undefined && rows.length > 1) {
        await ask(batch, rows.slice(0, middle), scored, out);
        return await ask(batch, rows.slice(middle), scored, out);
      }
      const [from, to] = error.rows ?? [0, rows.length];
      losses.add(spec, to - from, error);
      for (const row of rows.slice(from, to)) out.reasons.set(row, `the plugin failed: ${ruleOf(error)}`);
      await ask(batch, [...rows.slice(0, from), ...rows.slice(to)], scored, out);
    }
  };
  const scores = async (batch: MetricBatch, scored: (batch: MetricBatch) => Promise<ListScores>) => {
    const rows = Array.from(batch.contextRow, (_, row) => row);
    const out = { values: new Float64Array(rows.length).fill(NaN), reasons: new Map<number, string>() };
    await ask(batch, rows, scored, out);
    return out;
  };
  return {
    scoreList: (batch, signals) => scores(batch, (part) => judge.scoreList(part, signals)),
    marginalRewards: (batch, signals, exposure) =>
      scores(batch, (part) => judge.marginalRewards(part, signals, exposure)),
    async populationValue(batch, signals) {
      try {
        return await judge.populationValue(batch, signals);
      } catch (error) {
        if (!(error instanceof PluginFault)) throw error;
        losses.add(spec, batch.contextRow.length, error);
        return { notDefined: `the plugin failed: ${ruleOf(error)}` };
      }
    },
  };
}

/** What a fault broke, in few words, so that reasons can be counted. */
function ruleOf({ refusal: { rule } }: PluginFault): string {
  return rule;
}
