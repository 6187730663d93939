// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { madd } from "./lanes.ts";

/** Rows of B that are packed at once; PANEL_ROWS × TILE_COLUMNS floats fit a level-1 cache. */
const PANEL_ROWS: i32 = 512;
const TILE_ROWS: i32 = 5;
const TILE_COLUMNS: i32 = 8;

/** Where scratch holds, after the panel of B and a row of spare output, the packed rows of A. */
const TILES_AT: usize = <usize> (PANEL_ROWS * TILE_COLUMNS << 2) + 64;

let scratch: usize = 0;

/** Sets the packing buffer of this thread, of SCRATCH_BYTES (kernel_names.ts). */
export function setScratch(pointer: usize): void {
  scratch = pointer;
}

/** The same buffer, for other kernels of this thread between products. */
export function scratchOf(): usize {
  return scratch;
}

/**
 * C = A·B for a batch, C row-major [batches, M, N]. A and B are read through strides (in elements), so a transposed
 * operand needs no copy and a broadcast one has a batch stride of 0. The work is cut into batches × blocks of rows.
 */
export function matmul(
  a: usize,
  b: usize,
  c: usize,
  M: i32,
  K: i32,
  N: i32,
  aBatch: i32,
  aRow: i32,
  aColumn: i32,
  bBatch: i32,
  bRow: i32,
  bColumn: i32,
  blockRows: i32,
  from: i32,
  to: i32,
): void {
  const blocks = (M + blockRows - 1) / blockRows;
  for (let part = from; part < to; part++) {
    const batch = part / blocks, first = (part % blocks) * blockRows;
    product(
      a + (<usize> (batch * aBatch) << 2),
      b + (<usize> (batch * bBatch) << 2),
      c + (<usize> (batch * M * N) << 2),
      K,
      N,
      aRow,
      aColumn,
      bRow,
      bColumn,
      first,
      min(M, first + blockRows),
    );
  }
}

/** Rows from … to−1 of one matrix. */
function product(
  a: usize,
  b: usize,
  c: usize,
  K: i32,
  N: i32,
  aRow: i32,
  aColumn: i32,
  bRow: i32,
  bColumn: i32,
  from: i32,
  to: i32,
): void {
  if (K == 0) {
    memory.fill(c + (<usize> from * N << 2), 0, <usize> (to - from) * N << 2);
    return;
  }
  const whole = (to - from) / TILE_ROWS;
  for (let k0 = 0; k0 < K; k0 += PANEL_ROWS) {
    const depth = min(PANEL_ROWS, K - k0), add = k0 > 0;
    const rows = a + (<usize> (from * aRow + k0 * aColumn) << 2);
    const transposed = aColumn != 1;
    if (transposed) packTiles(rows, whole, depth, aColumn);
    for (let n0 = 0; n0 < N; n0 += TILE_COLUMNS) {
      const width = min(TILE_COLUMNS, N - n0);
      pack(b + (<usize> (k0 * bRow + n0 * bColumn) << 2), depth, width, bRow, bColumn);
      let x = rows, out = c + (<usize> (from * N + n0) << 2), packed = scratch + TILES_AT;
      for (let t = 0; t < whole; t++) {
        if (width < TILE_COLUMNS) edge(x, out, N, TILE_ROWS, width, depth, aRow, aColumn, add);
        else if (transposed) tile(packed, out, <usize> N << 2, depth, 1, TILE_ROWS, add);
        else tile(x, out, <usize> N << 2, depth, aRow, 1, add);
        x += <usize> (TILE_ROWS * aRow) << 2, out += <usize> (TILE_ROWS * N) << 2;
        packed += <usize> (TILE_ROWS * depth) << 2;
      }
      edge(x, out, N, to - from - whole * TILE_ROWS, width, depth, aRow, aColumn, add);
    }
  }
}

/**
 * Copies `tiles` × 5 rows of a transposed A, whose rows lie side by side, to scratch as [tiles, depth, 5]: read along
 * memory once instead of across it for every panel of B.
 */
function packTiles(a: usize, tiles: i32, depth: i32, aColumn: i32): void {
  for (let k = 0; k < depth; k++, a += <usize> aColumn << 2) {
    let from = a, to = scratch + TILES_AT + (<usize> (k * TILE_ROWS) << 2);
    for (let t = 0; t < tiles; t++, from += 20, to += <usize> (TILE_ROWS * depth) << 2) {
      v128.store(to, v128.load(from));
      store<f32>(to, load<f32>(from, 16), 16);
    }
  }
}

/** Copies a panel [depth, width] of B into scratch as [depth, 8], zeros beyond its width. */
function pack(b: usize, depth: i32, width: i32, bRow: i32, bColumn: i32): void {
  const rowBytes = <usize> bRow << 2, columnBytes = <usize> bColumn << 2;
  let to = scratch;
  if (bColumn == 1 && width == TILE_COLUMNS) {
    for (let k = 0; k < depth; k++, b += rowBytes, to += 32) {
      v128.store(to, v128.load(b));
      v128.store(to, v128.load(b, 16), 16);
    }
    return;
  }
  if (bRow == 1 && width == TILE_COLUMNS) {
    const b4 = b + 4 * columnBytes;
    let k = 0;
    for (; k + 4 <= depth; k += 4, to += 128) {
      transpose4(b + (<usize> k << 2), columnBytes, to);
      transpose4(b4 + (<usize> k << 2), columnBytes, to + 16);
    }
    for (; k < depth; k++, to += 32) {
      for (let n = 0; n < TILE_COLUMNS; n++) {
        store<f32>(to + (n << 2), load<f32>(b + <usize> n * columnBytes + (<usize> k << 2)));
      }
    }
    return;
  }
  for (let k = 0; k < depth; k++, b += rowBytes, to += 32) {
    for (let n = 0; n < TILE_COLUMNS; n++) {
      store<f32>(to + (n << 2), n < width ? load<f32>(b + <usize> n * columnBytes) : 0);
    }
  }
}

/** Writes the transpose of 4×4 floats, rows `stride` bytes apart, as four vectors 32 bytes apart. */

function transpose4(from: usize, stride: usize, to: usize): void {
  const r0 = v128.load(from), r1 = v128.load(from + stride);
  const r2 = v128.load(from + 2 * stride), r3 = v128.load(from + 3 * stride);
  const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const c = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(a, c, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(a, c, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(b, d, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(b, d, 2, 3, 6, 7), 96);
}

/**
 * Five rows by eight columns against the packed panel. Ten sums, two vectors of B, a number of A and a product stay in
 * registers: of sixteen the engine keeps one for itself, so a sixth row would be spilled.
 */
function tile(a: usize, c: usize, cStride: usize, depth: i32, aRow: i32, aColumn: i32, add: bool): void {
  const step = <usize> aColumn << 2, stride = <usize> aRow << 2;
  const c1 = c + cStride, c2 = c1 + cStride, c3 = c2 + cStride, c4 = c3 + cStride;
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00;
  let s30 = s00, s31 = s00, s40 = s00, s41 = s00;
  if (add) {
    s00 = v128.load(c), s01 = v128.load(c, 16), s10 = v128.load(c1), s11 = v128.load(c1, 16);
    s20 = v128.load(c2), s21 = v128.load(c2, 16), s30 = v128.load(c3), s31 = v128.load(c3, 16);
    s40 = v128.load(c4), s41 = v128.load(c4, 16);
  }
  let a0 = a, a1 = a + stride, a2 = a1 + stride, a3 = a2 + stride, a4 = a3 + stride;
  let b = scratch;
  for (let k = depth; k > 0; k--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    b += 32;
    let x = v128.load_splat<f32>(a0);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.load_splat<f32>(a1);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.load_splat<f32>(a2);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.load_splat<f32>(a3);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    x = v128.load_splat<f32>(a4);
    s40 = madd(x, b0, s40), s41 = madd(x, b1, s41);
    a0 += step, a1 += step, a2 += step, a3 += step, a4 += step;
  }
  v128.store(c, s00), v128.store(c, s01, 16), v128.store(c1, s10), v128.store(c1, s11, 16);
  v128.store(c2, s20), v128.store(c2, s21, 16), v128.store(c3, s30), v128.store(c3, s31, 16);
  v128.store(c4, s40), v128.store(c4, s41, 16);
}

/** What is left at the lower and right border: one row at a time, narrow columns through the spare tile of scratch. */
function edge(
  a: usize,
  c: usize,
  N: i32,
  rows: i32,
  width: i32,
  depth: i32,
  aRow: i32,
  aColumn: i32,
  add: bool,
): void {
  const spare = scratch + <usize> (PANEL_ROWS * TILE_COLUMNS << 2);
  const step = <usize> aColumn << 2, stride = <usize> aRow << 2, bytes = <usize> width << 2;
  for (let m = 0; m < rows; m++, a += stride, c += <usize> N << 2) {
    if (add) memory.copy(spare, c, bytes);
    let s0 = add ? v128.load(spare) : f32x4.splat(0), s1 = add ? v128.load(spare, 16) : f32x4.splat(0);
    let b = scratch, x = a;
    for (let k = depth; k > 0; k--, b += 32, x += step) {
      const v = v128.load_splat<f32>(x);
      s0 = madd(v, v128.load(b), s0), s1 = madd(v, v128.load(b, 16), s1);
    }
    v128.store(spare, s0), v128.store(spare, s1, 16);
    memory.copy(c, spare, bytes);
  }
}
