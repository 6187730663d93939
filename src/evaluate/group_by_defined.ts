/**
 * Puts columns that have values in the same rows together: they can share resamples.
 *
 * @param columns NaN where there is no value
 * @returns places of the columns
 *
 * @example
 * ```ts
 * import { groupByDefined } from "./group_by_defined.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(groupByDefined([Float64Array.of(1, NaN), Float64Array.of(1, 2), Float64Array.of(5, NaN)]), [[0, 2], [1]]);
 * ```
 */
export function groupByDefined(columns: readonly Float64Array[]): number[][] {
  const groups: number[][] = [];
  columns.forEach((column, place) => {
    const alike = groups.find(([first]) => {
      const other = columns[first!]!;
      return column.length === other.length &&
        column.every((value, row) => Number.isNaN(value) === Number.isNaN(other[row]));
    });
    if (alike === undefined) groups.push([place]);
    else alike.push(place);
  });
  return groups;
}
