/** How a column is set: numbers to the right. */
export type Alignment = "left" | "right";

/**
 * A table of text for a terminal: columns padded to their widest cell, a rule under the header.
 *
 * @param header the column names
 * @param rows cells, one per column
 * @param alignment per column; by default the first is left, the others right
 * @example
 * ```ts
 * import { textTable } from "./table.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(
 *   textTable(["system", "mean"], [["aligned", "0.5"]]),
 *   "system   mean\n───────  ────\naligned   0.5\n",
 * );
 * ```
 */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  alignment: readonly Alignment[] = header.map((_, column) => column === 0 ? "left" : "right"),
): string {
  const widths = header.map((name, column) =>
    Math.max(width(name), ...rows.map((row) => width(row[column] ?? "")))
  );
  const line = (cells: readonly string[]) =>
    widths.map((columnWidth, column) => {
      const cell = cells[column] ?? "";
      const space = " ".repeat(columnWidth - width(cell));
      return alignment[column] === "right" ? space + cell : cell + space;
    }).join("  ").trimEnd() + "\n";
  return line(header) + line(widths.map((columnWidth) => "─".repeat(columnWidth))) + rows.map(line).join("");
}

/** Code points, which is close enough for ids and titles in Latin and Cyrillic. */
function width(text: string): number {
  return [...text].length;
}
