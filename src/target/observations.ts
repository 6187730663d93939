import { roundSignificant } from "../numerics/round_significant.ts";

/** Rows of metric values, one per observation; a single reward is a row of one column. */
export interface Observations {
  /** [rows·columns] */
  readonly values: Float64Array;
  /** [rows] */
  readonly weights: Float64Array;
}

/**
 * Distinct rows of a table, ascending by the first column, then the second and so on, with how often each occurs.
 *
 * @param values [rows·columns] in any order
 * @example
 * ```ts
 * import { tallyRows } from "./observations.ts";
 * import { assertEquals } from "@std/assert";
 * const { values, weights } = tallyRows(Float64Array.of(1, 0, 0, 5, 1, 0), 2);
 * assertEquals([...values], [0, 5, 1, 0]);
 * assertEquals([...weights], [1, 2]);
 * ```
 */
export function tallyRows(values: Float64Array, columns: number): Observations {
  const rows = values.length / columns;
  const order = Array.from({ length: rows }, (_, row) => row)
    .sort((a, b) => compareRows(values, a, values, b, columns));
  const out = new Float64Array(values.length);
  const weights = new Float64Array(rows);
  let size = 0;
  for (const row of order) {
    if (size === 0 || compareRows(out, size - 1, values, row, columns) !== 0) {
      copyRow(values, row, out, size, columns);
      size++;
    }
    weights[size - 1]! += 1;
  }
  return { values: out.slice(0, size * columns), weights: weights.slice(0, size) };
}

/** Below 0 where the row of the first table comes first, 0 where the rows are equal. */
export function compareRows(
  a: Float64Array,
  rowOfA: number,
  b: Float64Array,
  rowOfB: number,
  columns: number,
): number {
  for (let column = 0; column < columns; column++) {
    const [x, y] = [a[rowOfA * columns + column]!, b[rowOfB * columns + column]!];
    // Not a difference: two infinities have none.
    if (x < y) return -1;
    if (x > y) return 1;
  }
  return 0;
}

/** Copies a row of one table into a row of another. */
export function copyRow(
  from: Float64Array,
  row: number,
  to: Float64Array,
  at: number,
  columns: number,
): void {
  for (let column = 0; column < columns; column++) to[at * columns + column] = from[row * columns + column]!;
}

/**
 * The named rows of columns as one table, every value rounded to 12 significant digits.
 *
 * @param columns [columns] each [rows]
 * @example
 * ```ts
 * import { rowsOf } from "./observations.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(rowsOf([[1, 2, 3], [4, 5, 0.1 + 0.2]], [2, 0]), Float64Array.of(3, 0.3, 1, 4));
 * ```
 */
export function rowsOf(columns: readonly ArrayLike<number>[], rows: readonly number[]): Float64Array {
  const table = new Float64Array(rows.length * columns.length);
  rows.forEach((row, at) => {
    columns.forEach((values, column) => {
      table[at * columns.length + column] = roundSignificant(values[row]!);
    });
  });
  return table;
}
