import { BadCell } from "../data/cells.ts";
import { type Interner, interner } from "../data/raw_data.ts";
import { float64Column, int32Column } from "./column.ts";
import { readGain, readId, readRank, readTime, readVector, readWord, readWords } from "./table_cells.ts";

/** Lists of one or more systems and what to judge them by, as columns of numbers: ids are numbered once. */
export interface ListColumns {
  /** User ids by number. The first `contexts` are those of the lists and of the relevant items, in their order. */
  readonly users: readonly string[];
  /** Users to judge. */
  readonly contexts: number;
  /** Item ids by number. The catalog's come first, then those that only other tables know. */
  readonly items: readonly string[];
  /** One entry per system. */
  readonly lists: readonly ListRows[];
  /** Undefined where the table was not given, like the next ones. */
  readonly relevant: RelevantRows | undefined;
  readonly history: HistoryRows | undefined;
  readonly catalog: CatalogRows | undefined;
  /** Attribute → [contexts] value, "" where unknown. */
  readonly userGroups: ReadonlyMap<string, readonly string[]> | undefined;
}

/** Lists, a row an item. */
export interface ListRows {
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** From 1. */
  readonly ranks: Int32Array;
}

/** Relevant items. */
export interface RelevantRows {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly gains: Float64Array;
}

/** What training met. */
export interface HistoryRows {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly times: Float64Array;
}

/** What is known of items, by item number; of an item with several rows, the last one. */
export interface CatalogRows {
  readonly size: number;
  readonly categoryNames: readonly string[];
  readonly categories: readonly (readonly number[])[];
  readonly features: readonly (Float64Array | undefined)[];
  readonly embedding: readonly (Float64Array | undefined)[];
  readonly groups: readonly (string | undefined)[];
}

/** The tables by name; `lists` once for every system. */
export type TableName = "lists" | "relevant" | "history" | "items" | "users";

/** The columns of a table. */
export interface TableShape {
  readonly table: TableName;
  /** Of which system, for `lists`. */
  readonly system: number;
  /** In the order in which their cells are given on; the first `required` must be there. */
  readonly columns: readonly string[];
  readonly required: number;
  /** Every other column is given on too, behind these. */
  readonly takesOthers?: boolean;
}

/** Takes one row: cells in the order of `names`, undefined or "" where there is none. May throw `BadCell`. */
export type TakeRow = (cells: readonly unknown[], names: readonly string[]) => void;

/** Gives the rows of a table on, and says whether there is such a table. */
export type FeedTable = (shape: TableShape, take: TakeRow) => boolean | Promise<boolean>;

/**
 * Reads tables into columns, whatever they come from.
 *
 * @param systems how many there are lists of
 * @param feed where the rows come from; asked for one table after the other
 *
 * @example
 * ```ts
 * import { collectColumns } from "./list_columns.ts";
 * import { assertEquals } from "@std/assert";
 * const columns = await collectColumns(1, ({ table }, take) => {
 *   if (table === "lists") take(["ann", "film 1", "1"], ["user", "item", "rank"]);
 *   return table === "lists";
 * });
 * assertEquals([columns.users, columns.items, columns.lists[0]?.ranks], [["ann"], ["film 1"], Int32Array.of(1)]);
 * ```
 */
export async function collectColumns(systems: number, feed: FeedTable): Promise<ListColumns> {
  const users = interner();
  const items = interner();
  const catalog = await collectCatalog(items, feed);
  const lists: ListRows[] = [];
  for (let system = 0; system < systems; system++) lists.push(await collectLists(users, items, system, feed));
  const relevant = await collectRelevant(users, items, feed);
  const contexts = users.ids.length;
  const history = await collectHistory(users, items, feed);
  const userGroups = await collectUsers(users, contexts, feed);
  return { users: users.ids, contexts, items: items.ids, lists, relevant, history, catalog, userGroups };
}

async function collectLists(
  users: Interner,
  items: Interner,
  system: number,
  feed: FeedTable,
): Promise<ListRows> {
  const [userColumn, itemColumn, rankColumn] = [int32Column(), int32Column(), int32Column()];
  await feed(
    { table: "lists", system, columns: ["user", "item", "rank"], required: 3 },
    ([user, item, rank]) => {
      userColumn.push(users.number(readId(user, "user")));
      itemColumn.push(items.number(readId(item, "item")));
      rankColumn.push(readRank(rank));
    },
  );
  return { users: userColumn.finish(), items: itemColumn.finish(), ranks: rankColumn.finish() };
}

async function collectRelevant(
  users: Interner,
  items: Interner,
  feed: FeedTable,
): Promise<RelevantRows | undefined> {
  const [userColumn, itemColumn, gainColumn] = [int32Column(), int32Column(), float64Column()];
  const shape = { table: "relevant", system: 0, columns: ["user", "item", "gain"], required: 2 } as const;
  const isThere = await feed(shape, ([user, item, gain]) => {
    userColumn.push(users.number(readId(user, "user")));
    itemColumn.push(items.number(readId(item, "item")));
    gainColumn.push(readGain(gain));
  });
  if (!isThere) return undefined;
  return { users: userColumn.finish(), items: itemColumn.finish(), gains: gainColumn.finish() };
}

async function collectHistory(
  users: Interner,
  items: Interner,
  feed: FeedTable,
): Promise<HistoryRows | undefined> {
  const [userColumn, itemColumn, timeColumn] = [int32Column(), int32Column(), float64Column()];
  const shape = { table: "history", system: 0, columns: ["user", "item", "timestamp"], required: 2 } as const;
  const isThere = await feed(shape, ([user, item, time]) => {
    userColumn.push(users.number(readId(user, "user")));
    itemColumn.push(items.number(readId(item, "item")));
    timeColumn.push(readTime(time));
  });
  if (!isThere) return undefined;
  return { users: userColumn.finish(), items: itemColumn.finish(), times: timeColumn.finish() };
}

const ITEM_COLUMNS = ["item", "categories", "features", "embedding", "group"] as const;

async function collectCatalog(items: Interner, feed: FeedTable): Promise<CatalogRows | undefined> {
  const names = interner();
  const categories: (readonly number[])[] = [];
  const groups: (string | undefined)[] = [];
  const features = vectorColumn("features");
  const embedding = vectorColumn("embedding");
  const shape = { table: "items", system: 0, columns: ITEM_COLUMNS, required: 1 } as const;
  const isThere = await feed(shape, ([item, words, numbers, place, group]) => {
    const row = items.number(readId(item, "item"));
    categories[row] = readWords(words, "categories").map(names.number);
    features.set(row, numbers);
    embedding.set(row, place);
    groups[row] = readWord(group, "group");
  });
  if (!isThere) return undefined;
  return {
    size: items.ids.length,
    categoryNames: names.ids,
    categories,
    features: features.rows,
    embedding: embedding.rows,
    groups,
  };
}

/** Vectors of one length, by row. */
function vectorColumn(column: string) {
  const rows: (Float64Array | undefined)[] = [];
  let dimensions: number | undefined;
  return {
    rows,
    set(row: number, cell: unknown) {
      const vector = readVector(cell, column);
      rows[row] = vector;
      if (vector === undefined) return;
      dimensions ??= vector.length;
      if (vector.length === dimensions) return;
      const rule = `must have ${dimensions} numbers like the rows before`;
      const mend = "give all items vectors of one length, or leave the cell empty where it is not known";
      throw new BadCell(column, rule, String(vector.length), mend);
    },
  };
}

async function collectUsers(
  users: Interner,
  contexts: number,
  feed: FeedTable,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  const groups = new Map<string, string[]>();
  const shape = { table: "users", system: 0, columns: ["user"], required: 1, takesOthers: true } as const;
  const isThere = await feed(shape, (cells, names) => {
    const user = users.find(readId(cells[0], "user")) ?? contexts;
    for (let at = 1; at < names.length; at++) {
      const name = names[at]!;
      if (!groups.has(name)) groups.set(name, new Array(contexts).fill(""));
      const value = readWord(cells[at], name) ?? "";
      if (user < contexts) groups.get(name)![user] = value;
    }
  });
  return isThere ? groups : undefined;
}
