import { BladeError } from "../core/errors.ts";

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
}

/** A row of `lists`. */
export interface ListRow {
  readonly user: string;
  readonly item: string;
  readonly rank: number;
}

/** A row of `relevant`. */
export interface RelevantRow {
  readonly user: string;
  readonly item: string;
  readonly gain: number;
}

/** A row of `history`. */
export interface HistoryRow {
  readonly user: string;
  readonly item: string;
  /** 0 where there is none. */
  readonly timestamp: number;
}

/** A row of `items`. */
export interface ItemRow {
  readonly item: string;
  readonly categories: readonly string[];
  readonly features: readonly number[] | undefined;
  readonly embedding: readonly number[] | undefined;
  readonly group: string | undefined;
}

/** The tables with every cell read; a table that was not given is undefined. */
export interface ReadTables {
  readonly lists: readonly ListRow[];
  readonly relevant: readonly RelevantRow[] | undefined;
  readonly history: readonly HistoryRow[] | undefined;
  readonly items: readonly ItemRow[] | undefined;
}

/**
 * Reads the cells of tables.
 *
 * @throws {BladeError} naming table, row (from 1), column and value of a cell that does not fit.
 *
 * @example
 * ```ts
 * import { readTables } from "./list_tables.ts";
 * import { assertEquals } from "@std/assert";
 * const tables = readTables({
 *   lists: [["u", "a", 1], { user: "u", item: "b", rank: "2" }],
 *   items: [{ item: "a", categories: "x|y" }],
 * });
 * assertEquals(tables.lists[1], { user: "u", item: "b", rank: 2 });
 * assertEquals(tables.items?.[0]?.categories, ["x", "y"]);
 * ```
 */
export function readTables(tables: ListTables): ReadTables {
  return {
    lists: rowsOf("lists", tables.lists, ["user", "item", "rank"], (cell) => ({
      user: cell.id("user"),
      item: cell.id("item"),
      rank: cell.number("rank", "a whole number from 1 on", (rank) => Number.isInteger(rank) && rank >= 1),
    })),
    relevant: tables.relevant && rowsOf("relevant", tables.relevant, ["user", "item", "gain"], (cell) => ({
      user: cell.id("user"),
      item: cell.id("item"),
      gain: cell.number("gain", "a number from 0 on", (gain) => Number.isFinite(gain) && gain >= 0, 1),
    })),
    history: tables.history && rowsOf("history", tables.history, ["user", "item", "timestamp"], (cell) => ({
      user: cell.id("user"),
      item: cell.id("item"),
      timestamp: cell.number("timestamp", "a finite number", Number.isFinite, 0),
    })),
    items: tables.items &&
      rowsOf("items", tables.items, ["item", "categories", "features", "embedding", "group"], (cell) => ({
        item: cell.id("item"),
        categories: cell.texts("categories"),
        features: cell.vector("features"),
        embedding: cell.vector("embedding"),
        group: cell.text("group"),
      })),
  };
}

/** The cells of one row. */
interface Cells {
  id(column: string): string;
  number(column: string, expected: string, fits: (value: number) => boolean, standard?: number): number;
  text(column: string): string | undefined;
  texts(column: string): readonly string[];
  vector(column: string): readonly number[] | undefined;
}

function rowsOf<T>(
  table: string,
  rows: unknown,
  columns: readonly string[],
  read: (cells: Cells) => T,
): readonly T[] {
  if (!Array.isArray(rows)) {
    throw new BladeError({
      place: `table ${table}`,
      rule: "must be an array of rows",
      value: rows,
      mend: `give rows [${columns.join(", ")}]`,
    });
  }
  return rows.map((row: unknown, at) => read(cellsOf(table, at + 1, row, columns)));
}

function cellsOf(table: string, line: number, row: unknown, columns: readonly string[]): Cells {
  const refuse = (column: string, rule: string, value: unknown): BladeError =>
    new BladeError({
      place: `table ${table}, row ${line}, column ${column}`,
      rule: `must be ${rule}`,
      value,
      mend: `correct the row; the columns are ${columns.join(", ")}`,
    });
  if (typeof row !== "object" || row === null) throw refuse("all", "an array or a record", row);
  const cell = (column: string): unknown => {
    const value = Array.isArray(row)
      ? row[columns.indexOf(column)]
      : (row as Readonly<Record<string, unknown>>)[column];
    return value === null || value === "" ? undefined : value;
  };
  return {
    id(column) {
      const value = cell(column);
      if (typeof value !== "string" && typeof value !== "number") throw refuse(column, "an id", value);
      return String(value);
    },
    number(column, expected, fits, standard) {
      const value = cell(column);
      if (value === undefined && standard !== undefined) return standard;
      const number = typeof value === "string" ? Number(value) : value;
      if (typeof number !== "number" || !fits(number)) throw refuse(column, expected, value);
      return number;
    },
    text(column) {
      const value = cell(column);
      if (value !== undefined && typeof value !== "string" && typeof value !== "number") {
        throw refuse(column, "a text", value);
      }
      return value === undefined ? undefined : String(value);
    },
    texts(column) {
      const value = cell(column);
      const texts = typeof value === "string" ? value.split("|") : value ?? [];
      if (!Array.isArray(texts) || !texts.every((text) => typeof text === "string")) {
        throw refuse(column, "texts, as a list or with | between them", value);
      }
      return texts.filter((text) => text !== "");
    },
    vector(column) {
      const value = cell(column);
      if (value === undefined) return undefined;
      const parts: unknown = typeof value === "string" ? value.split("|") : value;
      const numbers = Array.isArray(parts) ? parts.map((part) => part === "" ? NaN : Number(part)) : [];
      if (numbers.length === 0 || !numbers.every(Number.isFinite)) {
        throw refuse(column, "numbers, as a list or with | between them", value);
      }
      return numbers;
    },
  };
}
