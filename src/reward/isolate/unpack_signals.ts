import type { Context } from "../../core/context.ts";
import type { ItemIndex } from "../../core/ids.ts";
import type { SignalName, Signals } from "../../core/signals.ts";
import type { FrameArray } from "./frames.ts";

/** Signals as the child of an isolated plugin holds them: those that it needs, and rows by context as they arrive. */
export interface ReceivedSignals {
  /** What the plugin is given. */
  readonly signals: Signals;
  /** Takes in what belongs to single contexts. */
  addRows(arrays: readonly FrameArray[]): void;
}

/** The part of a `signals` frame that JSON holds. */
export interface SignalsMessage {
  readonly needs: readonly SignalName[];
  readonly catalogSize: number;
  readonly totals: readonly [interactions: number, users: number];
  readonly categoryNames: readonly string[];
  readonly dimensions: { readonly features: number; readonly embedding: number };
  readonly userGroups: readonly (readonly [string, readonly string[]])[];
  readonly groupNames: readonly string[];
  /** By item; null where it has none. */
  readonly groups: readonly (string | null)[];
}

/**
 * Signals out of a frame of `packSignals`.
 *
 * @param arrays as `packSignals` lays them out
 */
export function unpackSignals(message: SignalsMessage, arrays: readonly FrameArray[]): ReceivedSignals {
  const [
    counts,
    users,
    order,
    categoryOffsets,
    categories,
    knownFeatures,
    features,
    knownEmbedding,
    embedding,
  ] = arrays as FrameArray[];
  const relevance = new Map<number, ReadonlyMap<ItemIndex, number>>();
  const histories = new Map<number, readonly ItemIndex[]>();
  const vectors = (dimensions: number, known: FrameArray, numbers: FrameArray) => ({
    dimensions,
    of: (item: ItemIndex) =>
      known[item] === 1 ? numbers.subarray(item * dimensions, (item + 1) * dimensions) : undefined,
  });
  const all: Signals = {
    relevance: { of: (contextId) => relevance.get(contextId) ?? new Map() },
    history: { of: (contextId) => histories.get(contextId) ?? [] },
    popularity: {
      counts: counts as Float64Array,
      users: users as Float64Array,
      order: Array.from(order!),
      totalInteractions: message.totals[0],
      totalUsers: message.totals[1],
    },
    categories: {
      names: message.categoryNames,
      of: (item) =>
        Array.from(categories!.subarray(categoryOffsets![item] ?? 0, categoryOffsets![item + 1] ?? 0)),
    },
    features: vectors(message.dimensions.features, knownFeatures!, features!),
    embedding: vectors(message.dimensions.embedding, knownEmbedding!, embedding!),
    userGroups: new Map(message.userGroups),
    itemGroups: { names: message.groupNames, of: (item) => message.groups[item] ?? undefined },
    catalogSize: message.catalogSize,
  };
  return {
    signals: Object.fromEntries(message.needs.map((need) => [need, all[need]])) as unknown as Signals,
    addRows([contextIds, relevantOffsets, relevant, gains, historyOffsets, history]) {
      contextIds!.forEach((contextId, at) => {
        const held = new Map<ItemIndex, number>();
        for (let entry = relevantOffsets![at]!; entry < relevantOffsets![at + 1]!; entry++) {
          held.set(relevant![entry]!, gains![entry]!);
        }
        relevance.set(contextId, held);
        histories.set(contextId, Array.from(history!.subarray(historyOffsets![at], historyOffsets![at + 1])));
      });
    },
  };
}

/** Contexts out of a frame of `packContexts`. Their lists are made when they are read: most metrics never do. */
export function unpackContexts(
  [contextIds, users, times, historyOffsets, history, seenOffsets, seen]: readonly FrameArray[],
): Context[] {
  return Array.from(contextIds!, (contextId, at) => ({
    contextId,
    user: users![at]!,
    get history() {
      return Array.from(history!.subarray(historyOffsets![at], historyOffsets![at + 1]));
    },
    get seen() {
      return new Set(seen!.subarray(seenOffsets![at], seenOffsets![at + 1]));
    },
    ...(Number.isNaN(times![at]) ? {} : { requestTime: times![at]! }),
  }));
}
