import type { MetricBatch } from "./metric.ts";

/**
 * Some rows of a batch, in the order given.
 *
 * @example
 * ```ts
 * import { batchRows } from "./batch_rows.ts";
 * import { assertEquals } from "@std/assert";
 * const batch = { items: Int32Array.of(4, 7, 5, -1), contextRow: Int32Array.of(0, 1), contexts: [], cutoff: 2 };
 * const { items, contextRow } = batchRows(batch, [1]);
 * assertEquals([items, contextRow], [Int32Array.of(5, -1), Int32Array.of(1)]);
 * ```
 */
export function batchRows(batch: MetricBatch, rows: readonly number[]): MetricBatch {
  const { cutoff } = batch;
  const chosen = (values: Int32Array) => {
    const kept = new Int32Array(rows.length * cutoff);
    rows.forEach((row, at) => kept.set(values.subarray(row * cutoff, (row + 1) * cutoff), at * cutoff));
    return kept;
  };
  return {
    ...batch,
    items: chosen(batch.items),
    contextRow: Int32Array.from(rows, (row) => batch.contextRow[row]!),
    ...(batch.ranks === undefined ? {} : { ranks: chosen(batch.ranks) }),
  };
}
