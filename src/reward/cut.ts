import type { MetricBatch, Ranks, Slate } from "./metric.ts";

/**
 * A slate up to a cutoff: ranks beyond it and the empty places at its end fall away.
 *
 * @param ranks the rank of each place; by default place k holds rank k + 1.
 *
 * @example
 * ```ts
 * import { cutSlate } from "./cut.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(cutSlate([4, 7, 2], 2), { slate: [4, 7], ranks: [1, 2] });
 * assertEquals(cutSlate([4, -1, 2, -1], undefined), { slate: [4, -1, 2], ranks: [1, 2, 3] });
 * assertEquals(cutSlate([4, 7, 2], 1, [1, 1, 2]), { slate: [4, 7], ranks: [1, 1] });
 * ```
 */
export function cutSlate(
  slate: Slate,
  cutoff: number | undefined,
  ranks: Ranks = slate.map((_, place) => place + 1),
): { slate: Slate; ranks: Ranks } {
  const end = lengthOf(slate, ranks, 0, slate.length, cutoff ?? Infinity);
  return { slate: slate.slice(0, end), ranks: ranks.slice(0, end) };
}

/**
 * A copy of a batch, cut like `cutSlate`: a plugin that writes into it changes nothing of the caller's. Rows keep one
 * width, the widest that is left.
 *
 * @example
 * ```ts
 * import { cutBatch } from "./cut.ts";
 * import { assertEquals } from "@std/assert";
 * const batch = {
 *   items: Int32Array.of(4, 7, 2, 5, -1, -1),
 *   contextRow: Int32Array.of(0, 1),
 *   contexts: [],
 *   cutoff: 3,
 * };
 * const cut = cutBatch(batch, 2);
 * assertEquals([cut.cutoff, ...cut.items], [2, 4, 7, 5, -1]);
 * ```
 */
export function cutBatch(batch: MetricBatch, cutoff: number | undefined): MetricBatch {
  const width = batch.cutoff;
  const rows = batch.contextRow.length;
  if (batch.ranks === undefined) {
    const kept = Math.min(width, cutoff ?? width);
    const items = new Int32Array(rows * kept);
    for (let row = 0; row < rows; row++) {
      items.set(batch.items.subarray(row * width, row * width + kept), row * kept);
    }
    return { ...batch, contextRow: batch.contextRow.slice(), items, cutoff: kept };
  }
  let kept = 0;
  for (let row = 0; row < rows; row++) {
    kept = Math.max(kept, lengthOf(batch.items, batch.ranks, row * width, width, cutoff ?? Infinity));
  }
  const items = new Int32Array(rows * kept).fill(-1);
  const ranks = new Int32Array(rows * kept);
  for (let row = 0; row < rows; row++) {
    for (let place = 0; place < kept; place++) {
      const rank = batch.ranks[row * width + place]!;
      ranks[row * kept + place] = rank;
      if (rank <= (cutoff ?? Infinity)) items[row * kept + place] = batch.items[row * width + place]!;
    }
  }
  return { ...batch, contextRow: batch.contextRow.slice(), items, ranks, cutoff: kept };
}

/**
 * One row of a batch as a slate, its empty end cut off.
 *
 * @example
 * ```ts
 * import { rowOf } from "./cut.ts";
 * import { assertEquals } from "@std/assert";
 * const batch = { items: Int32Array.of(4, 7, 5, -1), contextRow: Int32Array.of(0, 1), contexts: [], cutoff: 2 };
 * assertEquals(rowOf(batch, 1).slate, [5]);
 * ```
 */
export function rowOf(batch: MetricBatch, row: number): { slate: Slate; ranks: Ranks } {
  const from = row * batch.cutoff;
  const slate = Array.from(batch.items.subarray(from, from + batch.cutoff));
  return cutSlate(
    slate,
    undefined,
    batch.ranks && Array.from(batch.ranks.subarray(from, from + batch.cutoff)),
  );
}

/** Places of a row up to the last item whose rank counts. Ranks rise along a row. */
function lengthOf(
  items: ArrayLike<number>,
  ranks: ArrayLike<number>,
  from: number,
  width: number,
  cutoff: number,
): number {
  let end = width;
  while (end > 0 && (items[from + end - 1]! < 0 || ranks[from + end - 1]! > cutoff)) end--;
  return end;
}
