import type { Context } from "../../core/context.ts";
import type { SignalName, Signals } from "../../core/signals.ts";
import { POOLED } from "../metric.ts";
import type { MetricBatch } from "../metric.ts";
import type { Question } from "./answer.ts";
import type { Frame, FrameArray } from "./frames.ts";
import { packContexts, packRows, packSignals } from "./pack_signals.ts";
import type { Child } from "./process.ts";

/** A child with what it has been handed so far: signals and contexts travel once. */
export interface Session {
  readonly child: Child;
  /** Numbers of the metrics that it has bound. */
  readonly bound: Set<number>;
  /**
   * Hands over what it does not have yet of a batch and its signals.
   *
   * @param shown contexts beside those of the batch that the question is about
   * @returns the part of a question that names them, and its first four arrays
   */
  prepare(
    batch: MetricBatch,
    signals: Signals,
    needs: readonly SignalName[],
    shown: readonly number[],
  ): Promise<{ readonly names: { signals: number; cutoff: number }; readonly arrays: readonly FrameArray[] }>;
}

/** A session that begins. */
export function startSession(child: Child): Session {
  const contextOf = new WeakMap<Context, number>();
  let contexts = 0;
  const sent = new WeakMap<Signals, Map<string, { readonly id: number; readonly rows: Set<number> }>>();
  let sets = 0;

  const contextIdsOf = async (batch: MetricBatch): Promise<Int32Array> => {
    const fresh: Context[] = [];
    const ids = new Int32Array(batch.contexts.length);
    batch.contexts.forEach((context, row) => {
      const known = contextOf.get(context);
      ids[row] = known ?? contexts;
      if (known !== undefined) return;
      contextOf.set(context, contexts++);
      fresh.push(context);
    });
    if (fresh.length > 0) await child.send(question({ kind: "contexts" }, packContexts(fresh)));
    return ids;
  };

  return {
    child,
    bound: new Set(),
    async prepare(batch, signals, needs, shown) {
      const byNeeds = sent.get(signals) ?? new Map();
      sent.set(signals, byNeeds);
      const key = needs.join();
      let set = byNeeds.get(key);
      if (set === undefined) {
        set = { id: sets++, rows: new Set<number>() };
        byNeeds.set(key, set);
        const { message, arrays } = packSignals(signals, needs);
        await child.send({ message: { kind: "signals", id: set.id, content: message }, arrays });
      }
      if (needs.includes("relevance") || needs.includes("history")) {
        const rows: number[] = [];
        const want = (contextId: number) => {
          if (contextId === POOLED || set!.rows.has(contextId)) return;
          set!.rows.add(contextId);
          rows.push(contextId);
        };
        for (const { contextId } of batch.contexts) want(contextId);
        shown.forEach(want);
        if (rows.length > 0) {
          await child.send(question({ kind: "rows", id: set.id }, packRows(signals, needs, rows)));
        }
      }
      const contextIds = await contextIdsOf(batch);
      return {
        names: { signals: set.id, cutoff: batch.cutoff },
        arrays: [batch.items, batch.contextRow, contextIds, batch.ranks ?? new Int32Array(0)],
      };
    },
  };
}

/** A question as a frame. */
export function question(asked: Question, arrays: readonly FrameArray[] = []): Frame {
  return { message: { ...asked }, arrays };
}
