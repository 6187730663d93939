import { CsvParseStream } from "@std/csv";
import { TextLineStream } from "@std/streams/text-line-stream";
import type { DataFile } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import { BadCell } from "./cells.ts";
import { type Encoding, openText } from "./text_file.ts";

/** A file of rows, and how to split it. */
export interface TableFile {
  readonly path: string;
  readonly encoding: Encoding;
  /** `quoted`: RFC 4180. `plain`: cells hold no separator and quotes mean nothing. `jsonl`: an object a line. */
  readonly syntax: "quoted" | "plain" | "jsonl";
  /** Between cells; in `jsonl` between the entries of an array, which become one cell. */
  readonly separator: string;
  /** Column names where the file does not write them in its first row. */
  readonly header?: readonly string[];
  /** Whether a first row of names and nothing else is a table. */
  readonly mayBeEmpty?: boolean;
}

/**
 * Names the columns to read, in the order wanted, given those that the file has. In `jsonl` these are the keys
 * of the first object. A name that the file lacks gives undefined cells.
 */
export type ChooseColumns = (header: readonly string[]) => readonly string[];

/** Receives one row's cells in the order chosen; undefined where the file has no such column. May throw `BadCell`. */
export type OnRow = (cells: readonly (string | undefined)[]) => void;

/** Characters of a row's text; a longer one is a file that was damaged. */
const LONGEST_RECORD = 1 << 24;

/**
 * Reads a table row by row without ever holding the file, and says what was read.
 *
 * A byte order mark, `\r\n` and blank lines are understood. Ids stay text. A row has at most 2^24 characters.
 *
 * @throws {BladeError} With file, line and column when a row is bad; when the file is missing, unreadable, not
 * text, or has no row where it must.
 *
 * @example
 * ```ts
 * import { readTable } from "./read_table.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, 'user,title\r\n7,"Heat, again"\r\n');
 * const rows: unknown[] = [];
 * await readTable(
 *   { path, encoding: "utf-8", syntax: "quoted", separator: "," },
 *   () => ["title", "user"],
 *   (cells) => rows.push([...cells]),
 * );
 * assertEquals(rows, [["Heat, again", "7"]]);
 * await Deno.remove(path);
 * ```
 */
export async function readTable(table: TableFile, choose: ChooseColumns, onRow: OnRow): Promise<DataFile> {
  const file = await openText(table.path, table.encoding);
  let header = table.header;
  let wanted: readonly string[] | undefined;
  let places: readonly number[] = [];
  // Lines begun, blank ones too; for quoted text records begun, because a record may span lines.
  let count = 0;
  let rows = 0;
  // Characters since the last record: without line ends, or in quotes that are never closed, all of a file is one.
  let waiting = 0;
  const bounded = new TransformStream<string, string>({
    transform(chunk, controller) {
      waiting += chunk.length;
      if (waiting > LONGEST_RECORD) throw endlessRecord(table, count);
      controller.enqueue(chunk);
    },
  });
  try {
    const text = file.text.pipeThrough(bounded);
    const records: ReadableStream<string | string[]> = table.syntax === "quoted"
      ? text.pipeThrough(new CsvParseStream({ separator: table.separator }))
      : text.pipeThrough(new TextLineStream());
    for await (const record of records) {
      count++;
      waiting = 0;
      if (typeof record === "string" && record.trim() === "") continue;
      if (table.syntax === "jsonl") {
        const object = parseObject(record as string);
        wanted ??= choose(Object.keys(object));
        onRow(wanted.map((key) => jsonCell(object[key], key, table.separator)));
        rows++;
        continue;
      }
      const cells = typeof record === "string" ? record.split(table.separator) : record;
      if (header === undefined) {
        header = cells;
        continue;
      }
      if (wanted === undefined) {
        wanted = choose(header);
        places = wanted.map((name) => header!.indexOf(name));
      }
      if (cells.length !== header.length) throw wrongCellCount(cells, header, table.separator);
      onRow(places.map((place) => cells[place]));
      rows++;
    }
  } catch (error) {
    throw await located(error, table, count);
  } finally {
    file.close();
  }
  if (wanted === undefined && header !== undefined) choose(header); // wrong columns tell more than "no rows"
  if (rows === 0 && !(table.mayBeEmpty === true && header !== undefined)) {
    throw new BladeError({
      place: table.path,
      rule: "must hold at least one row, and holds none",
      mend: "check that the file was written to the end, or name another file",
    });
  }
  return file.fingerprint();
}

/**
 * A column that must be there.
 *
 * @throws {BladeError} When the header lacks it; the message lists the columns that exist.
 *
 * @example
 * ```ts
 * import { requiredColumn } from "./read_table.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(requiredColumn("r.csv", ["user", "item"], "item", "data.columns.item"), "item");
 * ```
 */
export function requiredColumn(
  path: string,
  header: readonly string[],
  name: string,
  option: string,
): string {
  if (header.includes(name)) return name;
  throw new BladeError({
    place: path,
    rule: `must have a column ${JSON.stringify(name)}`,
    value: `the columns ${header.join(", ")}`,
    mend: `name the right one in ${option}, or check the reader and the separator`,
  });
}

function parseObject(line: string): Record<string, unknown> {
  const bad = () =>
    new BadCell("", "must be one JSON object a line", line, 'write {"user": …, "item": …} a line');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad();
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad();
  return value as Record<string, unknown>;
}

function jsonCell(value: unknown, key: string, separator: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (
    Array.isArray(value) && value.every((entry) => typeof entry === "string" || typeof entry === "number")
  ) return value.join(separator);
  throw new BadCell(
    key,
    "must be text, a number or a list of these",
    JSON.stringify(value),
    "correct the value",
  );
}

function endlessRecord({ path, syntax }: TableFile, before: number): BladeError {
  return new BladeError({
    place: `${path}: after ${before} ${syntax === "quoted" ? "records" : "lines"}`,
    rule: `must end a row after at most ${LONGEST_RECORD} characters`,
    mend: "look for a quote that is not closed, or for line ends of another system",
  });
}

function wrongCellCount(cells: readonly string[], header: readonly string[], separator: string): BadCell {
  const rule = `must have ${header.length} cells (${header.join(", ")}) separated by ${
    JSON.stringify(separator)
  }`;
  return new BadCell(
    "",
    rule,
    `${cells.length}: ${cells.join(separator)}`,
    "correct the row, or choose another reader",
  );
}

async function located(error: unknown, table: TableFile, count: number): Promise<unknown> {
  if (error instanceof BadCell) {
    const line = table.syntax === "quoted" ? await lineOfRecord(table, count, false) : count;
    const column = error.column === "" ? "" : `: column ${error.column}`;
    const place = `${table.path}:${line}${column}`;
    const refusal = { place, rule: error.rule, mend: error.mend };
    return new BladeError(error.value === undefined ? refusal : { ...refusal, value: error.value });
  }
  if (error instanceof SyntaxError && table.syntax === "quoted") {
    // The parser counts records and blank lines, and may be ahead of the rows that were delivered.
    const record = Number(/on line (\d+)/.exec(error.message)?.[1] ?? count + 1);
    return new BladeError({
      place: `${table.path}:${await lineOfRecord(table, record, true)}`,
      rule:
        'must quote cells as RFC 4180 says: a cell with a quote stands in quotes, the inner ones doubled ("")',
      mend: "correct the quotes of this row, or write the file with a CSV library",
    });
  }
  return error;
}

/** The line on which a record begins, both counted from 1. A line inside quotes goes on with the record before it. */
async function lineOfRecord(table: TableFile, record: number, countBlank: boolean): Promise<number> {
  const file = await openText(table.path, table.encoding);
  let line = 0;
  let seen = 0;
  let inQuotes = false;
  try {
    for await (const text of file.text.pipeThrough(new TextLineStream())) {
      line++;
      if (!inQuotes && (text !== "" || countBlank)) seen++;
      if (!inQuotes && seen === record && (text !== "" || countBlank)) return line;
      if ((text.split('"').length - 1) % 2 === 1) inQuotes = !inQuotes;
    }
  } finally {
    file.close();
  }
  return line;
}
