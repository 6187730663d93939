/**
 * A cell that breaks a rule. `readTable` catches it and adds the file and the line.
 *
 * @example
 * ```ts
 * import { BadCell } from "./cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(new BadCell("item", "must hold an id", "", "fill the cell").message, "item: must hold an id");
 * ```
 */
export class BadCell extends Error {
  /** @param value What was found; undefined when nothing was there. */
  constructor(
    readonly column: string,
    readonly rule: string,
    readonly value: string | undefined,
    readonly mend: string,
  ) {
    super(`${column}: ${rule}`);
  }
}

/**
 * A raw id, as written.
 *
 * @throws {BadCell} When the cell is missing or empty.
 *
 * @example
 * ```ts
 * import { idCell } from "./cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(idCell("0114508", "item"), "0114508"); // an id is text: its zeros stay
 * ```
 */
export function idCell(cell: string | undefined, column: string): string {
  if (cell === undefined || cell === "") {
    throw new BadCell(column, "must hold an id", cell, "fill the cell or remove the row");
  }
  return cell;
}

/**
 * A rating: a finite number ≥ 0, or NaN where the data has no such column (`cell` undefined).
 *
 * @throws {BadCell} When the cell holds anything else.
 *
 * @example
 * ```ts
 * import { ratingCell } from "./cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(ratingCell("4.5", "rating"), 4.5);
 * ```
 */
export function ratingCell(cell: string | undefined, column: string): number {
  return cell === undefined
    ? NaN
    : number(cell, column, "must be a rating, a number ≥ 0", "correct the cell");
}

/**
 * A time in unix seconds ≥ 0, or 0 where the data has no such column (`cell` undefined).
 *
 * @throws {BadCell} When the cell holds anything else, a date or milliseconds (past the year 5138) for instance.
 *
 * @example
 * ```ts
 * import { timeCell } from "./cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(timeCell("964982703", "timestamp"), 964982703);
 * ```
 */
export function timeCell(cell: string | undefined, column: string): number {
  if (cell === undefined) return 0;
  const seconds = number(cell, column, "must be a time in unix seconds", "convert dates to unix seconds");
  if (seconds > 1e11) {
    throw new BadCell(column, "must be a time in unix seconds", cell, "divide milliseconds by 1000");
  }
  return seconds;
}

/**
 * The categories of a cell: split, trimmed, each once, empty ones dropped.
 *
 * @example
 * ```ts
 * import { categoriesCell } from "./cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(categoriesCell("Crime| Drama||Crime", "|"), ["Crime", "Drama"]);
 * ```
 */
export function categoriesCell(cell: string | undefined, separator: string): string[] {
  if (cell === undefined) return [];
  return [...new Set(cell.split(separator).map((part) => part.trim()).filter((part) => part !== ""))];
}

/**
 * The numbers of a cell, or undefined where it is empty.
 *
 * @param length how many there must be, where that is known
 * @throws {BadCell} When a part is no finite number, or there are more or fewer than in the rows before.
 *
 * @example
 * ```ts
 * import { numbersCell } from "./cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(numbersCell("9.5|-2", "features", "|", undefined), [9.5, -2]);
 * assertEquals(numbersCell("", "features", "|", 2), undefined);
 * ```
 */
export function numbersCell(
  cell: string | undefined,
  column: string,
  separator: string,
  length: number | undefined,
): number[] | undefined {
  if (cell === undefined || cell.trim() === "") return undefined;
  const parts = cell.split(separator);
  const numbers = parts.map((part) => part.trim() === "" ? NaN : Number(part));
  if (!numbers.every(Number.isFinite)) {
    throw new BadCell(
      column,
      `must be numbers separated by ${separator}`,
      cell,
      "correct the cell, or leave it empty",
    );
  }
  if (length !== undefined && numbers.length !== length) {
    const mend = "give every item as many, or none at all";
    throw new BadCell(column, `must have ${length} numbers like the rows before`, cell, mend);
  }
  return numbers;
}

function number(cell: string, column: string, rule: string, mend: string): number {
  const value = Number(cell);
  if (cell.trim() === "" || !Number.isFinite(value) || value < 0) throw new BadCell(column, rule, cell, mend);
  return value;
}
