// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

/*
 * Scores of a block of items, rows of `columns` that stand for the items `first` and after. Row r leaves out the items
 * excluded[spans[4r] … spans[4r+1]−1] and excluded[spans[4r+2] … spans[4r+3]−1].
 */

import { logTotal, shares } from "./softmax.ts";

/** Puts −1e9 at what a row leaves out, and log Σ e^z of what is left into its `column` of parts [rows, stride]. */
export function catalogTotals(
  z: usize,
  parts: usize,
  spans: usize,
  excluded: usize,
  columns: i32,
  first: i32,
  column: i32,
  stride: i32,
  from: i32,
  to: i32,
): void {
  for (let r = from; r < to; r++) {
    const row = z + (<usize> r * columns << 2);
    overwrite(row, spans + (<usize> r << 4), excluded, columns, first, -1e9);
    store<f32>(parts + (<usize> (r * stride + column) << 2), logTotal(row, columns));
  }
}

/** z = dy[r]·e^(z − totals[r]), and 0 at what a row leaves out. */
export function catalogShares(
  z: usize,
  totals: usize,
  dy: usize,
  spans: usize,
  excluded: usize,
  columns: i32,
  first: i32,
  from: i32,
  to: i32,
): void {
  for (let r = from; r < to; r++) {
    const row = z + (<usize> r * columns << 2), at = <usize> r << 2;
    shares(row, row, columns, load<f32>(totals + at), load<f32>(dy + at));
    overwrite(row, spans + (<usize> r << 4), excluded, columns, first, 0);
  }
}

function overwrite(row: usize, span: usize, excluded: usize, columns: i32, first: i32, value: f32): void {
  for (let half: usize = 0; half < 16; half += 8) {
    const end = load<i32>(span + half, 4);
    for (let i = load<i32>(span + half); i < end; i++) {
      const place = load<i32>(excluded + (<usize> i << 2)) - first;
      if (place >= 0 && place < columns) store<f32>(row + (<usize> place << 2), value);
    }
  }
}
