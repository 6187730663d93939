import type { Context, ContextSet } from "../core/context.ts";
import type { Catalog, Dataset, InteractionLog, Popularity } from "../core/dataset.ts";
import type { ItemIndex } from "../core/ids.ts";
import type { ItemGroups, ItemVectors, Signals } from "../core/signals.ts";
import type { LogContext } from "./past.ts";

/**
 * What the judges of a context set may read.
 *
 * `history` is the user's whole past at that context, repeats included, for contexts cut from this data set's log
 * (or from its train); for contexts made otherwise it is `context.history`, all that is known. `embedding` and
 * `itemGroups` are empty here: interaction data has none.
 *
 * @example
 * ```ts
 * import { popularityOf } from "./popularity.ts";
 * import { signalsOf } from "./signals.ts";
 * import { splitDataset } from "./split.ts";
 * import { assertEquals } from "@std/assert";
 * const dataset = {
 *   name: "toy", users: ["ann"], files: [], stages: [], userGroups: new Map([["age", ["30"]]]),
 *   catalog: { ids: ["a", "b"], titles: ["a", "b"], categories: [[0], []], categoryNames: ["tea"] },
 *   log: {
 *     offsets: Int32Array.of(0, 4), items: Int32Array.of(0, 0, 0, 1),
 *     times: Float64Array.of(1, 2, 3, 4), ratings: new Float32Array(4),
 *   },
 * };
 * const split = splitDataset(dataset, { split: "leave-last-out", maxHistory: 1 });
 * const signals = signalsOf(dataset, popularityOf(split.train, 2), split.test);
 * assertEquals(signals.history.of(0), [0, 0, 0]); // the context itself shows the last one
 * assertEquals(signals.userGroups.get("age"), ["30"]);
 * ```
 */
export function signalsOf(dataset: Dataset, popularity: Popularity, set: ContextSet): Signals {
  const { catalog, log } = dataset;
  const byId = new Map(set.contexts.map((context) => [context.contextId, context]));
  const size = set.contexts.reduce((most, { contextId }) => Math.max(most, contextId + 1), 0);
  const histories = new Map(set.contexts.map((context) => [context.contextId, wholePast(log, context)]));
  return {
    relevance: set.relevance,
    popularity,
    categories: { names: catalog.categoryNames, of: (item) => catalog.categories[item] ?? [] },
    features: vectorsOf(catalog.features),
    embedding: NO_VECTORS,
    history: { of: (contextId) => histories.get(contextId) ?? [] },
    userGroups: new Map(
      Array.from(dataset.userGroups, ([name, values]) => [
        name,
        Array.from({ length: size }, (_, id) => values[byId.get(id)?.user ?? -1] ?? ""),
      ]),
    ),
    itemGroups: NO_GROUPS,
    catalogSize: catalog.ids.length,
  };
}

function wholePast(log: InteractionLog, context: Context & Partial<LogContext>): readonly ItemIndex[] {
  if (context.past === undefined) return context.history;
  const start = log.offsets[context.user]!;
  return Array.from<ItemIndex>(log.items.subarray(start, start + context.past));
}

function vectorsOf(rows: Catalog["features"]): ItemVectors {
  const dimensions = rows?.find((row) => row !== undefined)?.length ?? 0;
  return rows === undefined ? NO_VECTORS : { dimensions, of: (item) => rows[item] };
}

const NO_VECTORS: ItemVectors = { dimensions: 0, of: () => undefined };
const NO_GROUPS: ItemGroups = { names: [], of: () => undefined };
