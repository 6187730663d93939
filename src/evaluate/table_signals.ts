import type { Context } from "../core/context.ts";
import type { ItemIndex } from "../core/ids.ts";
import type { CategoryTable, ItemGroups, ItemVectors, Signals } from "../core/signals.ts";
import { popularityOf } from "../data/popularity.ts";
import type { Availability } from "../reward/needs.ts";
import { type GroupedRows, groupRows } from "./group_rows.ts";
import type { CatalogRows, HistoryRows, ListColumns, RelevantRows } from "./list_columns.ts";

/** Tables as metrics see them. */
export interface TableSignals {
  /** One for each user of the lists or of the relevant items, by user number. */
  readonly contexts: readonly Context[];
  readonly signals: Signals;
  /** Signals that come from a table that was not given are not there. */
  readonly available: Availability;
}

/**
 * Turns tables into contexts and signals. The catalog is the items table where there is one, else every item that
 * any table names; popularity is counted in the histories. Maps and sets are made when a metric asks for them.
 *
 * @example
 * ```ts
 * import { readTables } from "./list_tables.ts";
 * import { tableSignals } from "./table_signals.ts";
 * import { assertEquals } from "@std/assert";
 * const columns = await readTables({ lists: [["u", "a", 1]], history: [["u", "b"], ["v", "b"]] });
 * const { signals, contexts, available } = tableSignals(columns);
 * assertEquals(contexts.map(({ history }) => history), [[1]]);
 * assertEquals(signals.popularity.counts, Float64Array.of(0, 2));
 * assertEquals(available.relevance, false);
 * ```
 */
export function tableSignals(columns: ListColumns): TableSignals {
  const { relevant, history, catalog, userGroups = new Map() } = columns;
  const past = historyByUser(history, columns.users.length);
  const contexts = Array.from({ length: columns.contexts }, (_, contextId) => contextOf(contextId, past));
  const features = vectorsOf(catalog?.features ?? []);
  const embedding = vectorsOf(catalog?.embedding ?? []);
  const categories = categoriesOf(catalog);
  const itemGroups = groupsOf(catalog);
  return {
    contexts,
    signals: {
      relevance: relevanceOf(relevant, columns.contexts),
      history: { of: (contextId) => contexts[contextId]?.history ?? [] },
      popularity: popularityOf(past, columns.items.length),
      categories,
      features,
      embedding,
      userGroups,
      itemGroups,
      catalogSize: catalog?.size ?? columns.items.length,
    },
    available: {
      relevance: relevant !== undefined,
      history: history !== undefined,
      popularity: history !== undefined,
      categories: categories.names.length > 0,
      features: features.dimensions > 0,
      embedding: embedding.dimensions > 0,
      userGroups: userGroups.size > 0,
      itemGroups: itemGroups.names.length > 0,
    },
  };
}

/** Items of each user, oldest first. */
interface Past {
  readonly offsets: Int32Array;
  readonly items: Int32Array;
}

function historyByUser(history: HistoryRows | undefined, users: number): Past {
  if (history === undefined) return { offsets: new Int32Array(users + 1), items: new Int32Array(0) };
  const { offsets, rows } = groupRows(history.users, users, history.times);
  return { offsets, items: rows.map((row) => history.items[row]!) };
}

function contextOf(contextId: number, { offsets, items }: Past): Context {
  let history: readonly ItemIndex[] | undefined;
  let seen: ReadonlySet<ItemIndex> | undefined;
  return {
    contextId,
    user: contextId,
    get history() {
      return history ??= Array.from(items.subarray(offsets[contextId]!, offsets[contextId + 1]!));
    },
    get seen() {
      return seen ??= new Set(this.history);
    },
  };
}

function relevanceOf(relevant: RelevantRows | undefined, contexts: number): Signals["relevance"] {
  const none: ReadonlyMap<ItemIndex, number> = new Map();
  if (relevant === undefined) return { of: () => none };
  const grouped = groupRows(relevant.users, contexts);
  const made = new Array<ReadonlyMap<ItemIndex, number> | undefined>(contexts);
  return {
    of(contextId) {
      if (contextId < 0 || contextId >= contexts) return none;
      return made[contextId] ??= gainsOf(relevant, grouped, contextId);
    },
  };
}

/** Gains above 0. Of an item that has several, the last one counts. */
function gainsOf({ items, gains }: RelevantRows, { offsets, rows }: GroupedRows, user: number) {
  const byItem = new Map<ItemIndex, number>();
  for (let at = offsets[user]!; at < offsets[user + 1]!; at++) {
    const row = rows[at]!;
    if (gains[row]! > 0) byItem.set(items[row]!, gains[row]!);
    else byItem.delete(items[row]!);
  }
  return byItem;
}

function categoriesOf(catalog: CatalogRows | undefined): CategoryTable {
  const none: readonly number[] = [];
  return { names: catalog?.categoryNames ?? [], of: (item) => catalog?.categories[item] ?? none };
}

function groupsOf(catalog: CatalogRows | undefined): ItemGroups {
  const groups = catalog?.groups ?? [];
  return {
    names: [...new Set(groups)].filter((group) => group !== undefined),
    of: (item) => groups[item],
  };
}

function vectorsOf(rows: readonly (Float64Array | undefined)[]): ItemVectors {
  const dimensions = rows.find((row) => row !== undefined)?.length ?? 0;
  return { dimensions, of: (item) => rows[item] };
}
