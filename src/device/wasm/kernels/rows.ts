// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { put, take } from "./lanes.ts";

/** Copies `bytes` bytes from every `fromStride` to every `toStride`, blocks from … to−1. */
export function copyBlocks(
  source: usize,
  target: usize,
  bytes: i32,
  sourceStride: i32,
  targetStride: i32,
  from: i32,
  to: i32,
): void {
  for (let i = from; i < to; i++) {
    memory.copy(target + <usize> i * targetStride, source + <usize> i * sourceStride, bytes);
  }
}

/** Row i of out = row indices[i] of table, rows of `bytes` bytes, from … to−1. */
export function gatherRows(table: usize, indices: usize, out: usize, bytes: i32, from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    const row = load<i32>(indices + (<usize> i << 2));
    memory.copy(out + <usize> i * bytes, table + <usize> row * bytes, bytes);
  }
}

/**
 * Adds row i of values [n, width] to row indices[i] of table [rows, width], for table rows from … to−1, in the order of
 * i.
 */
export function addToRows(
  values: usize,
  indices: usize,
  table: usize,
  n: i32,
  width: i32,
  from: i32,
  to: i32,
): void {
  const bytes = <usize> width << 2;
  for (let i = 0; i < n; i++) {
    const row = load<i32>(indices + (<usize> i << 2));
    if (row < from || row >= to) continue;
    const value = values + <usize> i * bytes, out = table + <usize> row * bytes;
    for (let c = 0; c < width; c += 4) {
      const at = <usize> c << 2, left = width - c;
      put(out + at, f32x4.add(take(out + at, left, 0), take(value + at, left, 0)), left);
    }
  }
}
