/** Columns of a terminal that tables keep to, as far as the names in them let them. */
export const TABLE_WIDTH = 100;

/** How a column is set: numbers to the right. */
export type Alignment = "left" | "right";

/**
 * A table of text for a terminal: columns padded to their widest cell, a rule under the header.
 *
 * @param header the column names
 * @param rows cells, one per column
 * @param alignment per column; by default the first is left, the others right
 * @param maxWidth characters of a line, which the last column is broken into words to keep
 * @example
 * ```ts
 * import { textTable } from "./table.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(
 *   textTable(["system", "mean"], [["aligned", "0.5"]]),
 *   "system   mean\n───────  ────\naligned   0.5\n",
 * );
 * assertEquals(
 *   textTable(["", "does"], [["a", "one and two"], ["b", "three"]], ["left", "left"], 11),
 *   "   does\n─  ───────\na  one and\n   two\nb  three\n",
 * );
 * ```
 */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  alignment: readonly Alignment[] = header.map((_, column) => column === 0 ? "left" : "right"),
  maxWidth = Infinity,
): string {
  const all = [header, ...rows];
  const last = header.length - 1;
  const widest = (lines: readonly (readonly string[])[], column: number) =>
    Math.max(1, ...lines.map((row) => width(row[column] ?? "")));
  const before = header.slice(0, last).reduce((sum, _, column) => sum + widest(all, column) + 2, 0);
  // Where the other columns leave next to nothing, a long line reads better than a column of single words.
  const room = Math.max(MIN_LAST_COLUMN, maxWidth - before);
  const body = rows.flatMap((row) => broken(row, last, room));
  const widths = header.map((_, column) => widest([header, ...body], column));
  const line = (cells: readonly string[]) =>
    widths.map((columnWidth, column) => {
      const cell = cells[column] ?? "";
      const space = " ".repeat(columnWidth - width(cell));
      return alignment[column] === "right" ? space + cell : cell + space;
    }).join("  ").trimEnd() + "\n";
  return line(header) + line(widths.map((columnWidth) => "─".repeat(columnWidth))) + body.map(line).join("");
}

const MIN_LAST_COLUMN = 8;

/** A row as lines: its last cell broken between words, nothing in the other cells below the first line. */
function broken(row: readonly string[], last: number, room: number): string[][] {
  const lines: string[] = [];
  for (const word of (row[last] ?? "").split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || width(line) + 1 + width(word) > room) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((text, index) => [...row.slice(0, last).map((cell) => index === 0 ? cell : ""), text]);
}

/** Code points, which is close enough for ids and titles in Latin and Cyrillic. */
function width(text: string): number {
  return [...text].length;
}
