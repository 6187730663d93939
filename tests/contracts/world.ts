import type { Context } from "../../src/core/context.ts";
import type { Signals } from "../../src/core/signals.ts";
import { randomKey } from "../../src/numerics/random.ts";
import type { MetricBatch } from "../../src/reward/metric.ts";

/** Items of the small world below. */
export const ITEMS = 12;

/** By item. The last has none, and neither features nor embedding. */
const CATEGORIES = [[0], [0], [0, 1], [1], [1], [2], [2, 3], [3], [0, 3], [1, 2], [3], []];

/** Training counts: item 0 is the most popular, items 10 and 11 were never met. */
const COUNTS = [40, 30, 20, 10, 8, 6, 5, 4, 2, 1, 0, 0];

/** Held-out gains by context. In context 3 nothing is relevant. */
const GAINS: readonly (readonly (readonly [number, number])[])[] = [
  [[3, 1]],
  [[1, 1], [5, 2], [7, 3]],
  [[0, 2], [2, 1], [4, 1], [6, 3], [8, 1], [9, 2]],
  [],
];

/** By context. The first knows only the item without a category. */
const HISTORIES = [[11], [5, 6, 3], [0, 0, 1, 2], [7, 10, 8]];

/** Rows of the contexts that checks speak of. */
export const CONTEXT = { manyRelevant: 2, nothingRelevant: 3 } as const;

/** A world small enough to reckon in one's head, that has every signal. Fresh arrays at each call. */
export function smallWorld(): { readonly contexts: readonly Context[]; readonly signals: Signals } {
  const contexts = GAINS.map((_, contextId): Context => ({
    contextId,
    user: contextId,
    history: HISTORIES[contextId]!,
    seen: new Set(HISTORIES[contextId]!),
  }));
  const vector = (item: number) => item === 11 ? undefined : [item % 3, item % 2 + 1, item];
  return {
    contexts,
    signals: {
      relevance: { of: (contextId) => new Map(GAINS[contextId] ?? []) },
      popularity: {
        counts: Float64Array.from(COUNTS),
        users: Float64Array.from(COUNTS, (count) => Math.ceil(count / 2)),
        totalInteractions: COUNTS.reduce((sum, count) => sum + count, 0),
        totalUsers: 25,
        order: COUNTS.map((_, item) => item),
      },
      categories: { names: ["a", "b", "c", "d"], of: (item) => CATEGORIES[item] ?? [] },
      features: { dimensions: 3, of: vector },
      embedding: { dimensions: 3, of: vector },
      history: { of: (contextId) => HISTORIES[contextId] ?? [] },
      userGroups: new Map([["group", ["x", "y", "x", "y"]]]),
      itemGroups: { names: ["old", "new"], of: (item) => item === 11 ? undefined : item < 6 ? "old" : "new" },
      catalogSize: ITEMS,
    },
  };
}

/** Slates of distinct items, whole, short, empty and with a gap, for all contexts in turn. */
export function someSlates(contexts: readonly Context[], rows: number, cutoff: number): MetricBatch {
  const items = new Int32Array(rows * cutoff).fill(-1);
  for (let row = 0; row < rows; row++) {
    const order = randomKey(7).split("slate", row).permutation(ITEMS);
    const length = row % 5 === 4 ? row % cutoff : cutoff;
    for (let place = 0; place < length; place++) items[row * cutoff + place] = order[place]!;
    if (row % 7 === 3) items[row * cutoff + 1] = -1;
  }
  return {
    items,
    contextRow: Int32Array.from({ length: rows }, (_, row) => row % contexts.length),
    contexts,
    cutoff,
  };
}
