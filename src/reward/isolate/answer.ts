import type { Context } from "../../core/context.ts";
import type { SignalName } from "../../core/signals.ts";
import { PluginFault } from "../fault.ts";
import { marginalRewards, type PopulationState, populationValue } from "../marginal.ts";
import type { ListMetric, Metric, MetricBatch } from "../metric.ts";
import { isNotDefined } from "../not_defined.ts";
import type { AnyFactory } from "../plugin.ts";
import { type ListScores, scoreList } from "../score_list.ts";
import type { Frame, FrameArray } from "./frames.ts";
import {
  type ReceivedSignals,
  type SignalsMessage,
  unpackContexts,
  unpackSignals,
} from "./unpack_signals.ts";

/** What a host asks of the child in which a plugin runs. */
export type Question =
  | { readonly kind: "bind"; readonly metric: number; readonly options: Readonly<Record<string, unknown>> }
  | { readonly kind: "signals"; readonly id: number; readonly content: SignalsMessage }
  | { readonly kind: "rows"; readonly id: number }
  | { readonly kind: "contexts" | "ready" }
  | Asked & { readonly kind: "score" | "population" }
  | Asked & { readonly kind: "marginal"; readonly exposure: ExposureMessage };

/** A question about a batch: which metric, with which signals, how wide its rows are. */
export interface Asked {
  readonly metric: number;
  readonly signals: number;
  readonly cutoff: number;
}

/** What is not an array in the state of what was shown before. */
export interface ExposureMessage {
  readonly discount: number;
  readonly catalogSize: number;
  readonly shownCutoff: number | null;
}

/**
 * Answers a host's questions with a plugin: the whole of what a child does.
 *
 * @param watch told the row that the plugin is asked about
 * @returns the answer; undefined to what only hands something over
 */
export function answerWith(
  factory: AnyFactory,
  watch: (row: number) => void,
): (frame: Frame) => Frame | undefined {
  const metrics = new Map<number, Metric>();
  const signals = new Map<number, ReceivedSignals>();
  const contexts: Context[] = [];

  const batchOf = ({ cutoff }: Asked, [items, contextRow, contextIds, ranks]: readonly FrameArray[]) => ({
    items: items as Int32Array,
    contextRow: contextRow as Int32Array,
    contexts: Array.from(contextIds!, (id) => contexts[id]!),
    cutoff,
    ...(ranks!.length === 0 && items!.length > 0 ? {} : { ranks: ranks as Int32Array }),
  });

  return ({ message, arrays }) => {
    const question = message as unknown as Question;
    switch (question.kind) {
      case "bind": {
        const { metric, facts } = bind(factory, question.options);
        metrics.set(question.metric, metric);
        return { message: facts, arrays: [] };
      }
      case "signals":
        signals.set(question.id, unpackSignals(question.content, arrays));
        return undefined;
      case "rows":
        signals.get(question.id)!.addRows(arrays);
        return undefined;
      case "contexts":
        for (const context of unpackContexts(arrays)) contexts.push(context);
        return undefined;
      case "ready":
        return { message: {}, arrays: [] };
    }
    const metric = metrics.get(question.metric)!;
    const batch: MetricBatch = batchOf(question, arrays);
    const read = signals.get(question.signals)!.signals;
    const loaded = { spec: "", metric, source: { specifier: "" } };
    try {
      switch (question.kind) {
        case "score":
          return scores(scoreList("", metric as ListMetric, batch, read, watch));
        case "population": {
          const value = populationValue(loaded, batch, read);
          return isNotDefined(value)
            ? { message: { notDefined: value.notDefined }, arrays: [] }
            : { message: {}, arrays: [Float64Array.of(value)] };
        }
        case "marginal":
          // The catalog's size was compared by the host; the plugin may not have asked for it.
          return scores(marginalRewards(
            loaded,
            batch,
            { ...read, catalogSize: question.exposure.catalogSize },
            exposureOf(question.exposure, arrays.slice(4)),
          ));
      }
    } catch (error) {
      if (!(error instanceof PluginFault)) throw error;
      const { rule, value } = error.refusal;
      return { message: { fault: { rule, value: shown(value), row: error.rows?.[0] ?? null } }, arrays: [] };
    }
  };
}

/** The metric for options, and what these make of its range and needs. */
function bind(factory: AnyFactory, options: Readonly<Record<string, unknown>>) {
  const metric = factory(options);
  const needs: readonly SignalName[] = metric.needs;
  return { metric, facts: { needs, range: metric.range } };
}

function scores({ values, reasons }: ListScores): Frame {
  const rowsByReason = new Map<string, number[]>();
  for (const [row, reason] of reasons) {
    const rows = rowsByReason.get(reason);
    if (rows === undefined) rowsByReason.set(reason, [row]);
    else rows.push(row);
  }
  return { message: { reasons: [...rowsByReason] }, arrays: [values] };
}

function exposureOf(
  { discount, catalogSize, shownCutoff }: ExposureMessage,
  [items, places, weights, contextIds, shownItems, shownWeights]: readonly FrameArray[],
): PopulationState {
  return {
    discount,
    catalogSize,
    tracked: true,
    items: Array.from(items!),
    places: Array.from(places!),
    weights: Array.from(weights!),
    shown: shownCutoff === null ? null : {
      cutoff: shownCutoff,
      contextIds: Array.from(contextIds!),
      items: Array.from(shownItems!),
      weights: Array.from(shownWeights!),
    },
  };
}

/** A value that is no number, as JSON can hold it. */
function shown(value: unknown): unknown {
  if (
    value === undefined || typeof value === "number" || typeof value === "bigint" || typeof value === "symbol"
  ) {
    return String(value);
  }
  try {
    return JSON.parse(JSON.stringify(value) ?? "null");
  } catch {
    return "an object without JSON";
  }
}
