import { BadCell, categoriesCell } from "../data/cells.ts";

/** Ranks are kept in 4 bytes. */
const LAST_RANK = 2 ** 31 - 1;

/**
 * An id: a text, or a number as its text.
 *
 * @throws {BadCell} when the cell holds anything else, or nothing.
 *
 * @example
 * ```ts
 * import { readId } from "./table_cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([readId("07", "user"), readId(7, "user")], ["07", "7"]);
 * ```
 */
export function readId(cell: unknown, column: string): string {
  if (typeof cell === "string" && cell !== "") return cell;
  if (typeof cell === "number") return String(cell);
  throw refused(column, "must hold an id", cell, "fill the cell or remove the row");
}

/**
 * A rank: a whole number from 1 on.
 *
 * @throws {BadCell} when the cell holds anything else.
 *
 * @example
 * ```ts
 * import { readRank } from "./table_cells.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(readRank("12"), 12);
 * assertThrows(() => readRank("0"), Error, "rank: must be a whole number from 1 on");
 * ```
 */
export function readRank(cell: unknown): number {
  const rank = numberOf(cell);
  if (Number.isInteger(rank) && rank >= 1 && rank <= LAST_RANK) return rank;
  throw refused(
    "rank",
    "must be a whole number from 1 on",
    cell,
    "number the items of a list from 1, best first",
  );
}

/**
 * A gain from 0 on; 1 where the cell is empty.
 *
 * @throws {BadCell} when the cell holds anything else.
 *
 * @example
 * ```ts
 * import { readGain } from "./table_cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([readGain("2.5"), readGain(undefined)], [2.5, 1]);
 * ```
 */
export function readGain(cell: unknown): number {
  if (isEmpty(cell)) return 1;
  const gain = numberOf(cell);
  if (Number.isFinite(gain) && gain >= 0) return gain;
  throw refused(
    "gain",
    "must be a number from 0 on",
    cell,
    "give how relevant the item is, 0 for not at all",
  );
}

/**
 * A time; 0 where the cell is empty.
 *
 * @throws {BadCell} when the cell holds anything but a number.
 *
 * @example
 * ```ts
 * import { readTime } from "./table_cells.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => readTime("2024-05-01"), Error, "timestamp: must be a finite number");
 * ```
 */
export function readTime(cell: unknown): number {
  if (isEmpty(cell)) return 0;
  const time = numberOf(cell);
  if (Number.isFinite(time)) return time;
  throw refused("timestamp", "must be a finite number", cell, "convert dates to unix seconds");
}

/**
 * A word, such as a group; undefined where the cell is empty.
 *
 * @throws {BadCell} when the cell holds neither a text nor a number.
 *
 * @example
 * ```ts
 * import { readWord } from "./table_cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([readWord(3, "group"), readWord("", "group")], ["3", undefined]);
 * ```
 */
export function readWord(cell: unknown, column: string): string | undefined {
  if (isEmpty(cell)) return undefined;
  if (typeof cell === "string" || typeof cell === "number") return String(cell);
  throw refused(column, "must be a text", cell, "give one value for each row");
}

/**
 * Words: a list, or a text with `|` between them; each once.
 *
 * @throws {BadCell} when the cell holds anything else.
 *
 * @example
 * ```ts
 * import { readWords } from "./table_cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(readWords("Crime|Drama", "categories"), readWords(["Crime", "Drama"], "categories"));
 * ```
 */
export function readWords(cell: unknown, column: string): readonly string[] {
  if (isEmpty(cell)) return [];
  if (typeof cell === "string") return categoriesCell(cell, "|");
  if (Array.isArray(cell) && cell.every((word) => typeof word === "string")) {
    return [...new Set<string>(cell)].filter((word) => word !== "");
  }
  throw refused(
    column,
    "must be texts, as a list or with | between them",
    cell,
    "give for instance Crime|Drama",
  );
}

/**
 * A vector: a list of numbers, or a text with `|` between them; undefined where the cell is empty.
 *
 * @throws {BadCell} when the cell holds anything else.
 *
 * @example
 * ```ts
 * import { readVector } from "./table_cells.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(readVector("0.5|-1", "features"), Float64Array.of(0.5, -1));
 * ```
 */
export function readVector(cell: unknown, column: string): Float64Array | undefined {
  if (isEmpty(cell)) return undefined;
  const parts: unknown = typeof cell === "string" ? cell.split("|") : cell;
  const numbers = Array.isArray(parts) ? Float64Array.from(parts, numberOf) : new Float64Array(0);
  if (numbers.length > 0 && numbers.every(Number.isFinite)) return numbers;
  throw refused(
    column,
    "must be numbers, as a list or with | between them",
    cell,
    "give for instance 0.5|-1",
  );
}

function isEmpty(cell: unknown): boolean {
  return cell === undefined || cell === null || cell === "";
}

/** NaN for what is no number. */
function numberOf(cell: unknown): number {
  if (typeof cell === "number") return cell;
  return typeof cell === "string" && cell.trim() !== "" ? Number(cell) : NaN;
}

function refused(column: string, rule: string, cell: unknown, mend: string): BadCell {
  const shown = isEmpty(cell) || typeof cell === "string" ? cell : JSON.stringify(cell);
  return new BadCell(column, rule, (shown ?? undefined) as string | undefined, mend);
}
