/** Rows of a table by a number that each has. Compressed: group g owns `rows[offsets[g]]` … `rows[offsets[g + 1] − 1]`. */
export interface GroupedRows {
  /** [groups + 1] */
  readonly offsets: Int32Array;
  /** [rows] row numbers, group by group. */
  readonly rows: Int32Array;
}

/**
 * Groups the rows of a table, within a group in the order of `key`, ties and all without a key in file order.
 *
 * @param groupOf [rows] 0 … groups − 1
 *
 * @example
 * ```ts
 * import { groupRows } from "./group_rows.ts";
 * import { assertEquals } from "@std/assert";
 * const { offsets, rows } = groupRows(Int32Array.of(1, 0, 1, 1), 2, Int32Array.of(9, 9, 2, 2));
 * assertEquals([...offsets], [0, 1, 4]);
 * assertEquals([...rows], [1, 2, 3, 0]);
 * ```
 */
export function groupRows(
  groupOf: Int32Array,
  groups: number,
  key?: Int32Array | Float64Array,
): GroupedRows {
  const offsets = new Int32Array(groups + 1);
  for (let row = 0; row < groupOf.length; row++) offsets[groupOf[row]! + 1]!++;
  for (let group = 0; group < groups; group++) offsets[group + 1]! += offsets[group]!;
  const next = offsets.slice();
  const rows = new Int32Array(groupOf.length);
  for (let row = 0; row < groupOf.length; row++) rows[next[groupOf[row]!]!++] = row;
  if (key === undefined) return { offsets, rows };
  for (let group = 0; group < groups; group++) {
    const [from, to] = [offsets[group]!, offsets[group + 1]!];
    for (let at = from + 1; at < to; at++) {
      if (key[rows[at - 1]!]! <= key[rows[at]!]!) continue;
      rows.subarray(from, to).sort((a, b) => key[a]! - key[b]! || a - b);
      break;
    }
  }
  return { offsets, rows };
}
