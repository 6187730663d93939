import { randomKey } from "../numerics/random.ts";
import type { MetricBatch } from "../reward/metric.ts";

/** The rows from `from` up to `to` as a batch of their own. */
export function rowsOf(batch: MetricBatch, from: number, to: number): MetricBatch {
  return {
    ...batch,
    items: batch.items.slice(from * batch.cutoff, to * batch.cutoff),
    contextRow: batch.contextRow.slice(from, to),
  };
}

/** Every row changed; where its length changes the caller sets the cutoff. */
export function mapRows(
  batch: MetricBatch,
  change: (slate: readonly number[]) => readonly number[],
): MetricBatch {
  const { cutoff, contextRow } = batch;
  const rows = Array.from(
    contextRow,
    (_, row) => change([...batch.items.subarray(row * cutoff, (row + 1) * cutoff)]),
  );
  return { ...batch, items: Int32Array.from(rows.flat()) };
}

/**
 * The last row first.
 *
 * @example
 * ```ts
 * import { reversedRows } from "./rearranged.ts";
 * import { assertEquals } from "@std/assert";
 * const batch = { items: Int32Array.of(1, 2, 3, 4), contextRow: Int32Array.of(0, 1), contexts: [], cutoff: 2 };
 * const { items, contextRow } = reversedRows(batch);
 * assertEquals([[...items], [...contextRow]], [[3, 4, 1, 2], [1, 0]]);
 * ```
 */
export function reversedRows(batch: MetricBatch): MetricBatch {
  const { cutoff, contextRow } = batch;
  const rows = Array.from(
    contextRow,
    (_, row) => [...batch.items.subarray(row * cutoff, (row + 1) * cutoff)],
  );
  return {
    ...batch,
    items: Int32Array.from(rows.reverse().flat()),
    contextRow: contextRow.toReversed(),
  };
}

/**
 * The items of a slate in another order, empty places where they were. The same slate is shuffled alike every time.
 *
 * @example
 * ```ts
 * import { shuffledItems } from "./rearranged.ts";
 * import { assertEquals } from "@std/assert";
 * const shuffled = shuffledItems([3, -1, 5, 8, 9, -1]);
 * assertEquals([shuffled[1], shuffled[5]], [-1, -1]);
 * assertEquals(shuffled.filter((item) => item >= 0).toSorted(), [3, 5, 8, 9]);
 * ```
 */
export function shuffledItems(slate: readonly number[]): number[] {
  const items = slate.filter((item) => item >= 0);
  const order = randomKey(1).split("shuffled", ...items).permutation(items.length);
  let next = 0;
  return slate.map((item) => item < 0 ? item : items[order[next++]!]!);
}

/** The first two items of every row share rank 1. */
export function tieFirstTwo(batch: MetricBatch): MetricBatch {
  return { ...batch, ranks: batch.items.map((_, at) => Math.max(1, at % batch.cutoff)) };
}

/** The first two places of every row that has items on both exchanged. */
export function swapFirstTwo(batch: MetricBatch): MetricBatch {
  return mapRows(batch, (slate) => {
    const [first = -1, second = -1, ...rest] = slate;
    return first < 0 || second < 0 ? slate : [second, first, ...rest];
  });
}
