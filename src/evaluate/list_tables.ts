import { BladeError } from "../core/errors.ts";
import { BadCell } from "../data/cells.ts";
import { collectColumns, type FeedTable, type ListColumns, type TableShape } from "./list_columns.ts";

/** A row as a JSON array in the order of the table's columns, or as a record by column name. */
export type TableRow = readonly unknown[] | Readonly<Record<string, unknown>>;

/** Lists of any system and what to judge them by, as rows. All ids are texts (a number is read as its text). */
export interface ListTables {
  /** user, item, rank from 1 (gaps are misses; items that share a rank all count). */
  readonly lists: readonly TableRow[];
  /** user, item, gain (1 where left out; 0 is not relevant). */
  readonly relevant?: readonly TableRow[];
  /** user, item, timestamp (left out: in the order of the rows). Repeats count. What training met. */
  readonly history?: readonly TableRow[];
  /** item, categories, features, embedding, group: lists, or texts with `|` between values. The catalog. */
  readonly items?: readonly TableRow[];
  /** Records: user, and every other name an attribute such as gender or age. */
  readonly users?: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Reads tables of rows.
 *
 * @throws {BladeError} naming table, row (from 1), column and value of a cell that does not fit.
 *
 * @example
 * ```ts
 * import { readTables } from "./list_tables.ts";
 * import { assertEquals } from "@std/assert";
 * const { lists, catalog, userGroups } = await readTables({
 *   lists: [["u", "a", 1], { user: "u", item: "b", rank: "2" }],
 *   items: [{ item: "a", categories: "x|y" }],
 *   users: [{ user: "u", gender: "f" }],
 * });
 * assertEquals(lists[0]?.ranks, Int32Array.of(1, 2));
 * assertEquals(catalog?.categoryNames, ["x", "y"]);
 * assertEquals(userGroups?.get("gender"), ["f"]);
 * ```
 */
export function readTables(tables: ListTables): Promise<ListColumns> {
  const feed: FeedTable = (shape, take) => {
    const rows: unknown = tables[shape.table];
    if (rows === undefined) return false;
    if (!Array.isArray(rows)) throw refusedTable(shape, rows);
    const names = shape.takesOthers === true ? [...shape.columns, ...otherNames(shape, rows)] : shape.columns;
    rows.forEach((row: unknown, at) => {
      try {
        take(cellsOf(row, shape, names), names);
      } catch (error) {
        throw error instanceof BadCell ? placed(error, shape, at + 1) : error;
      }
    });
    return true;
  };
  return collectColumns(1, feed);
}

function cellsOf(row: unknown, shape: TableShape, names: readonly string[]): readonly unknown[] {
  if (Array.isArray(row) && shape.takesOthers !== true) return row;
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    const rule = shape.takesOthers === true ? "must be a record" : "must be an array or a record";
    throw new BadCell("all", rule, JSON.stringify(row), `the columns are ${shape.columns.join(", ")}`);
  }
  return names.map((name) => (row as Readonly<Record<string, unknown>>)[name]);
}

/** The names that any record has beside the table's own. */
function otherNames({ columns }: TableShape, rows: readonly unknown[]): readonly string[] {
  const names = new Set<string>();
  for (const row of rows) {
    if (typeof row === "object" && row !== null) { for (const name of Object.keys(row)) names.add(name); }
  }
  return [...names].filter((name) => !columns.includes(name));
}

function placed(error: BadCell, { table }: TableShape, line: number): BladeError {
  return new BladeError({
    place: `table ${table}, row ${line}, column ${error.column}`,
    rule: error.rule,
    ...(error.value === undefined ? {} : { value: error.value }),
    mend: error.mend,
  });
}

function refusedTable({ table, columns }: TableShape, value: unknown): BladeError {
  return new BladeError({
    place: `table ${table}`,
    rule: "must be an array of rows",
    value,
    mend: `give rows [${columns.join(", ")}]`,
  });
}
