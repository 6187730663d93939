/** Rows of a batch that follow each other. */
export interface RowsOfBatch<Row> {
  readonly rows: readonly Row[];
  /** Where the first of them stands in the batch. */
  readonly firstRow: number;
}

/**
 * A batch in parts of at most `most` rows, as even as can be; in one where there is no bound.
 *
 * @example
 * ```ts
 * import { partsOf } from "./parts_of.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(partsOf([1, 2, 3, 4, 5], 3).map(({ rows }) => rows), [[1, 2, 3], [4, 5]]);
 * ```
 */
export function partsOf<Row>(batch: readonly Row[], most: number | null): RowsOfBatch<Row>[] {
  const count = most === null ? 1 : Math.max(1, Math.ceil(batch.length / most));
  const size = Math.ceil(batch.length / count);
  return Array.from({ length: count }, (_, part) => ({
    rows: batch.slice(part * size, (part + 1) * size),
    firstRow: part * size,
  })).filter(({ rows }) => rows.length > 0);
}
