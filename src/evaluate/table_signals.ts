import type { Context } from "../core/context.ts";
import { BladeError } from "../core/errors.ts";
import type { ItemIndex } from "../core/ids.ts";
import type { CategoryTable, ItemGroups, ItemVectors, Signals } from "../core/signals.ts";
import type { Availability } from "../reward/needs.ts";
import type { ItemRow, ReadTables } from "./list_tables.ts";

/** Tables as metrics see them. */
export interface TableSignals {
  /** One for each user of the lists or of the relevant items, in the order of the files. */
  readonly contexts: readonly Context[];
  readonly signals: Signals;
  /** Signals that come from a table that was not given are not there. */
  readonly available: Availability;
  /** The row of an item id. The catalog's items come first, then those that only other tables know. */
  readonly itemOf: ReadonlyMap<string, ItemIndex>;
  readonly users: readonly string[];
}

/**
 * Turns tables into contexts and signals. The catalog is the items table where there is one, else every item that
 * any table names; popularity is counted in the histories.
 *
 * @throws {BladeError} when vectors of the items table differ in length.
 *
 * @example
 * ```ts
 * import { readTables } from "./list_tables.ts";
 * import { tableSignals } from "./table_signals.ts";
 * import { assertEquals } from "@std/assert";
 * const tables = readTables({ lists: [["u", "a", 1]], history: [["u", "b"], ["v", "b"]] });
 * const { signals, users, available } = tableSignals(tables);
 * assertEquals(users, ["u"]);
 * assertEquals(signals.popularity.counts, Float64Array.of(0, 2));
 * assertEquals(available.relevance, false);
 * ```
 */
export function tableSignals(tables: ReadTables): TableSignals {
  const { lists, relevant = [], history = [], items = [] } = tables;
  const itemOf = numbered([...items, ...lists, ...relevant, ...history].map(({ item }) => item));
  const users = [...numbered([...lists, ...relevant].map(({ user }) => user)).keys()];
  const rowOf = new Map(users.map((user, row) => [user, row]));

  const gains = users.map(() => new Map<ItemIndex, number>());
  for (const { user, item, gain } of relevant) gains[rowOf.get(user)!]!.set(itemOf.get(item)!, gain);

  const histories: ItemIndex[][] = users.map(() => []);
  for (const { user, item } of history.toSorted((a, b) => a.timestamp - b.timestamp)) {
    histories[rowOf.get(user) ?? -1]?.push(itemOf.get(item)!);
  }
  const contexts = users.map((_, contextId): Context => {
    const past = histories[contextId]!;
    return { contextId, user: contextId, history: past, seen: new Set(past) };
  });
  const features = vectorsOf("features", items);
  const embedding = vectorsOf("embedding", items);
  const categories = categoriesOf(items);
  const itemGroups = groupsOf(items);
  return {
    contexts,
    users,
    itemOf,
    signals: {
      relevance: { of: (contextId) => gains[contextId] ?? new Map() },
      history: { of: (contextId) => histories[contextId] ?? [] },
      popularity: popularityOf(tables, itemOf),
      categories,
      features,
      embedding,
      userGroups: new Map(),
      itemGroups,
      catalogSize: tables.items === undefined ? itemOf.size : new Set(items.map(({ item }) => item)).size,
    },
    available: {
      relevance: tables.relevant !== undefined,
      history: tables.history !== undefined,
      popularity: tables.history !== undefined,
      categories: categories.names.length > 0,
      features: features.dimensions > 0,
      embedding: embedding.dimensions > 0,
      userGroups: false,
      itemGroups: itemGroups.names.length > 0,
    },
  };
}

function numbered(ids: readonly string[]): Map<string, number> {
  return new Map([...new Set(ids)].map((id, row) => [id, row]));
}

function popularityOf(
  { history = [] }: ReadTables,
  itemOf: ReadonlyMap<string, ItemIndex>,
): Signals["popularity"] {
  const counts = new Float64Array(itemOf.size);
  const usersOf = Array.from({ length: itemOf.size }, () => new Set<string>());
  for (const { user, item } of history) {
    const row = itemOf.get(item)!;
    counts[row]! += 1;
    usersOf[row]!.add(user);
  }
  return {
    counts,
    users: Float64Array.from(usersOf, (users) => users.size),
    totalInteractions: history.length,
    totalUsers: new Set(history.map(({ user }) => user)).size,
    order: Array.from(counts, (_, item) => item).sort((a, b) => counts[b]! - counts[a]! || a - b),
  };
}

function categoriesOf(items: readonly ItemRow[]): CategoryTable {
  const placeOf = numbered(items.flatMap(({ categories }) => categories));
  const byItem = new Map(items.map(({ item, categories }) => [item, categories]));
  const rows = [...byItem.values()].map((categories) =>
    [...new Set(categories)].map((name) => placeOf.get(name)!)
  );
  return { names: [...placeOf.keys()], of: (item) => rows[item] ?? [] };
}

function groupsOf(items: readonly ItemRow[]): ItemGroups {
  const groups = [...new Map(items.map(({ item, group }) => [item, group])).values()];
  return {
    names: [...new Set(groups)].filter((group) => group !== undefined),
    of: (item) => groups[item],
  };
}

function vectorsOf(column: "features" | "embedding", items: readonly ItemRow[]): ItemVectors {
  const rows = [...new Map(items.map((row) => [row.item, row[column]])).values()];
  const dimensions = rows.find((row) => row !== undefined)?.length ?? 0;
  const other = items.findIndex((row) => row[column] !== undefined && row[column].length !== dimensions);
  if (other >= 0) {
    throw new BladeError({
      place: `table items, row ${other + 1}, column ${column}`,
      rule: `must have ${dimensions} numbers like the rows before`,
      value: items[other]![column]!.length,
      mend: "give all items vectors of one length, or leave the cell empty where it is not known",
    });
  }
  return { dimensions, of: (item) => rows[item] };
}
