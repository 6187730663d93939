import type { DataFile } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import { openText } from "./text_file.ts";

/** A row of a JSON list: an object. */
export type JsonRow = Readonly<Record<string, unknown>>;

/** Characters of a row's text; a longer one is a file that was damaged. */
const LONGEST_ROW = 1 << 24;

/**
 * Reads a file that is one JSON list of objects, row by row without ever holding the file, and says what was read.
 *
 * @param onRow receives each row with its place, `FILE:LINE: row N`, both counted from 1
 * @throws {BladeError} With file, line and row when it is no such list or a row is no JSON; when it holds no row, is
 * missing, unreadable or not UTF-8.
 *
 * @example
 * ```ts
 * import { readJsonRows } from "./json_rows.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, '[{"a": 1},\n {"a": [2]}]');
 * const rows: unknown[] = [];
 * await readJsonRows(path, (row, place) => rows.push(row, place.replace(path, "FILE")));
 * assertEquals(rows, [{ a: 1 }, "FILE:1: row 1", { a: [2] }, "FILE:2: row 2"]);
 * await Deno.remove(path);
 * ```
 */
export async function readJsonRows(
  path: string,
  onRow: (row: JsonRow, place: string) => void,
): Promise<DataFile> {
  const file = await openText(path, "utf-8");
  const scan = scanner(path, onRow);
  try {
    for await (const chunk of file.text) scan.push(chunk);
    scan.end();
  } finally {
    file.close();
  }
  return file.fingerprint();
}

/** What may come next outside a row. */
type Expected = "the list" | "a row or the end" | "a row" | "a comma or the end" | "nothing";

/** Finds the rows of a list in text that comes in chunks: within a row only quotes and brackets are looked at. */
function scanner(path: string, onRow: (row: JsonRow, place: string) => void) {
  let expected: Expected = "the list";
  let line = 1;
  let rows = 0;
  // Of the row under way: the line it began on, its open brackets, and its text in the chunks before.
  let begun = 1;
  let depth = 0;
  let inText = false;
  let escaped = false;
  let held = "";

  const placeOf = (at: number) => `${path}:${at}: row ${rows + 1}`;

  function between(letter: string): void {
    if (letter === "[" && expected === "the list") expected = "a row or the end";
    else if (letter === "]" && (expected === "a row or the end" || expected === "a comma or the end")) {
      expected = "nothing";
    } else if (letter === "," && expected === "a comma or the end") expected = "a row";
    else if (letter === "{" && (expected === "a row or the end" || expected === "a row")) {
      begun = line;
      depth = 1;
    } else throw unexpected(letter);
  }

  function within(letter: string): void {
    if (inText) {
      if (escaped) escaped = false;
      else if (letter === "\\") escaped = true;
      else if (letter === '"') inText = false;
    } else if (letter === '"') inText = true;
    else if (letter === "{" || letter === "[") depth++;
    else if (letter === "}" || letter === "]") depth--;
  }

  function finish(text: string): void {
    let row: JsonRow;
    try {
      row = JSON.parse(text);
    } catch (error) {
      throw new BladeError({
        place: placeOf(begun),
        rule: `must be JSON (${error instanceof Error ? error.message : error})`,
        value: text,
        mend: "correct the row, or write the file with a JSON library",
      });
    }
    onRow(row, placeOf(begun));
    rows++;
    expected = "a comma or the end";
  }

  function unexpected(letter: string): BladeError {
    return expected === "the list"
      ? new BladeError({
        place: `${path}:${line}`,
        rule: "must be one JSON list of rows, [ {…}, {…} ]",
        value: letter,
        mend: "put the rows between [ and ], with commas between them",
      })
      : new BladeError({
        place: placeOf(line),
        rule: expected === "a row" || expected === "a row or the end"
          ? "must be an object, {…}"
          : expected === "nothing"
          ? "must not be there: the list has ended"
          : "must come after a comma",
        value: letter,
        mend: "correct the list, or write the file with a JSON library",
      });
  }

  return {
    push(chunk: string): void {
      let from = 0;
      for (let at = 0; at < chunk.length; at++) {
        const letter = chunk[at]!;
        if (letter === "\n") line++;
        if (depth > 0) {
          within(letter);
          if (depth > 0) continue;
          finish(held + chunk.slice(from, at + 1));
          held = "";
        } else if (!" \t\r\n".includes(letter)) {
          between(letter);
          from = at;
        }
      }
      if (depth > 0) held += chunk.slice(from);
      if (held.length > LONGEST_ROW) {
        throw new BladeError({
          place: placeOf(begun),
          rule: `must end after at most ${LONGEST_ROW} characters`,
          mend: "look for a missing quote or bracket in the row",
        });
      }
    },
    end(): void {
      if (expected === "nothing" && rows > 0) return;
      const cut = expected !== "nothing" && expected !== "the list";
      throw new BladeError({
        place: depth > 0 ? placeOf(begun) : path,
        rule: cut ? "must end with the ] of its list" : "must hold a JSON list with at least one row",
        value: cut ? `the end of the file after ${rows} whole rows` : "none",
        mend: "check that the file was written to the end, or name another file",
      });
    },
  };
}
