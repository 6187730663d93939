import type { Context } from "../../core/context.ts";
import type { SignalName, Signals } from "../../core/signals.ts";
import type { Frame, FrameArray } from "./frames.ts";
import type { SignalsMessage } from "./unpack_signals.ts";

/**
 * The signals that a plugin needs as a frame, but for what belongs to single contexts. What it does not need stays
 * here.
 *
 * @example
 * ```ts
 * import { packSignals } from "./pack_signals.ts";
 * import { unpackSignals } from "./unpack_signals.ts";
 * import { assertEquals } from "@std/assert";
 * const categories = { names: ["tea", "cake"], of: (item: number) => item === 1 ? [0, 1] : [] };
 * const { message, arrays } = packSignals({ categories, catalogSize: 2 } as never, ["categories"]);
 * const { signals } = unpackSignals(message as never, arrays);
 * assertEquals([signals.categories.of(1), signals.categories.of(0), signals.catalogSize], [[0, 1], [], undefined as never]);
 * ```
 */
export function packSignals(signals: Signals, needs: readonly SignalName[]): Frame {
  const wants = (need: SignalName) => needs.includes(need);
  const popularity = wants("popularity") ? signals.popularity : undefined;
  const items = Math.max(signals.catalogSize ?? 0, signals.popularity?.counts.length ?? 0);
  const categories = wants("categories")
    ? lists(items, (item) => signals.categories.of(item))
    : lists(0, () => []);
  const features = vectors(items, wants("features") ? signals.features : undefined);
  const embedding = vectors(items, wants("embedding") ? signals.embedding : undefined);
  const message: SignalsMessage = {
    needs,
    catalogSize: signals.catalogSize,
    totals: [popularity?.totalInteractions ?? 0, popularity?.totalUsers ?? 0],
    categoryNames: wants("categories") ? signals.categories.names : [],
    dimensions: {
      features: wants("features") ? signals.features.dimensions : 0,
      embedding: wants("embedding") ? signals.embedding.dimensions : 0,
    },
    userGroups: wants("userGroups") ? [...signals.userGroups] : [],
    groupNames: wants("itemGroups") ? signals.itemGroups.names : [],
    groups: wants("itemGroups")
      ? Array.from({ length: items }, (_, item) => signals.itemGroups.of(item) ?? null)
      : [],
  };
  const arrays: FrameArray[] = [
    popularity?.counts ?? new Float64Array(0),
    popularity?.users ?? new Float64Array(0),
    Int32Array.from(popularity?.order ?? []),
    ...categories,
    ...features,
    ...embedding,
  ];
  return { message: { ...message }, arrays };
}

/** What belongs to single contexts: their relevant items and histories, where a plugin needs them. */
export function packRows(
  signals: Signals,
  needs: readonly SignalName[],
  contextIds: readonly number[],
): readonly FrameArray[] {
  const relevance = needs.includes("relevance")
    ? contextIds.map((contextId) => signals.relevance.of(contextId))
    : contextIds.map(() => new Map<number, number>());
  const [offsets, relevant] = lists(relevance.length, (at) => [...relevance[at]!.keys()]);
  const history = lists(
    contextIds.length,
    (at) => needs.includes("history") ? signals.history.of(contextIds[at]!) : [],
  );
  const gains = Float64Array.from(relevance.flatMap((held) => [...held.values()]));
  return [Int32Array.from(contextIds), offsets, relevant, gains, ...history];
}

/** Contexts as arrays. */
export function packContexts(contexts: readonly Context[]): readonly FrameArray[] {
  return [
    Int32Array.from(contexts, ({ contextId }) => contextId),
    Int32Array.from(contexts, ({ user }) => user),
    Float64Array.from(contexts, ({ requestTime }) => requestTime ?? NaN),
    ...lists(contexts.length, (at) => contexts[at]!.history),
    ...lists(contexts.length, (at) => [...contexts[at]!.seen]),
  ];
}

/** Lists one behind the other: list i owns offsets[i] … offsets[i + 1] − 1. */
function lists(length: number, of: (at: number) => readonly number[]): [Int32Array, Int32Array] {
  const all = Array.from({ length }, (_, at) => of(at));
  const offsets = new Int32Array(length + 1);
  all.forEach((list, at) => offsets[at + 1] = offsets[at]! + list.length);
  const values = new Int32Array(offsets[length]!);
  all.forEach((list, at) => values.set(list, offsets[at]));
  return [offsets, values];
}

/** Which items have a vector, and the vectors. */
function vectors(
  items: number,
  table: Signals["features"] | undefined,
): [known: Int32Array, numbers: Float64Array] {
  if (table === undefined) return [new Int32Array(0), new Float64Array(0)];
  const known = new Int32Array(items);
  const numbers = new Float64Array(items * table.dimensions);
  for (let item = 0; item < items; item++) {
    const vector = table.of(item);
    if (vector === undefined) continue;
    known[item] = 1;
    numbers.set(vector, item * table.dimensions);
  }
  return [known, numbers];
}
