import { parse } from "@std/csv";
import type { Comparison, Difference } from "./difference.ts";

/**
 * Compares two tables that a run writes, cell by cell.
 *
 * @param file its name
 * @param keys columns that name a row, for the words
 * @example
 * ```ts
 * import { compareTables } from "./compare_tables.ts";
 * import { assertEquals } from "@std/assert";
 * const table = (item: string) => `user,item,rank\nann,i1,1\nann,${item},2\n`;
 * const { count, difference } = compareTables("lists", "lists.csv", ["user", "rank"], table("i2"), table("i3"));
 * assertEquals(count, 2);
 * assertEquals(difference?.place, "lists.csv line 3 (user ann, rank 2): item");
 * assertEquals([difference?.recorded, difference?.found], ["i2", "i3"]);
 * ```
 */
export function compareTables(
  kind: "lists" | "values",
  file: string,
  keys: readonly string[],
  recorded: string,
  found: string,
): Comparison {
  const [header = [], ...rows] = parse(recorded);
  const what = `rows of ${file}`;
  if (recorded === found) return { what, count: rows.length, difference: null };
  const [otherHeader = [], ...others] = parse(found);
  const differs = (place: string, one: string | undefined, other: string | undefined) => {
    const difference: Difference = { kind, place, recorded: one ?? null, found: other ?? null };
    return { what, count: rows.length, difference };
  };
  if (String(header) !== String(otherHeader)) {
    return differs(`${file} line 1`, String(header), String(otherHeader));
  }
  const total = Math.max(rows.length, others.length);
  for (let row = 0; row < total; row++) {
    const [one, other] = [rows[row], others[row]];
    const place = `${file} line ${row + 2}`;
    if (one === undefined || other === undefined) {
      return differs(place, one && String(one), other && String(other));
    }
    const column = header.findIndex((_, at) => one[at] !== other[at]);
    if (column < 0) continue;
    const named = keys.map((key) => `${key} ${one[header.indexOf(key)]}`).join(", ");
    return differs(`${place} (${named}): ${header[column]}`, one[column], other[column]);
  }
  return differs(`${file}: its bytes`, `${recorded.length} characters`, `${found.length} characters`);
}
