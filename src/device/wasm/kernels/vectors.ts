// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

/* One vector against the rows of a matrix whose rows lie `stride` bytes apart. */

import { madd, put, sumLanes, take } from "./lanes.ts";

/** out[j] = a·rows[j] for `count` rows of width d. */
export function dots(a: usize, rows: usize, stride: usize, out: usize, count: i32, d: i32): void {
  let j = 0;
  for (; j + 4 <= count; j += 4, rows += 4 * stride, out += 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, i = 0;
    for (; i + 4 <= d; i += 4) {
      const at = rows + (<usize> i << 2), v = v128.load(a + (<usize> i << 2));
      s0 = madd(v, v128.load(at), s0), s1 = madd(v, v128.load(at + stride), s1);
      s2 = madd(v, v128.load(at + 2 * stride), s2), s3 = madd(v, v128.load(at + 3 * stride), s3);
    }
    if (i < d) {
      const at = rows + (<usize> i << 2), left = d - i, v = take(a + (<usize> i << 2), left, 0);
      s0 = madd(v, take(at, left, 0), s0), s1 = madd(v, take(at + stride, left, 0), s1);
      s2 = madd(v, take(at + 2 * stride, left, 0), s2), s3 = madd(v, take(at + 3 * stride, left, 0), s3);
    }
    // Four sums at once: the lanes of s0 … s3 become the terms of four vectors.
    const a0 = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), a1 = v128.shuffle<f32>(s0, s1, 2, 6, 3, 7);
    const b0 = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5), b1 = v128.shuffle<f32>(s2, s3, 2, 6, 3, 7);
    const low = f32x4.add(v128.shuffle<f32>(a0, b0, 0, 1, 4, 5), v128.shuffle<f32>(a0, b0, 2, 3, 6, 7));
    const high = f32x4.add(v128.shuffle<f32>(a1, b1, 0, 1, 4, 5), v128.shuffle<f32>(a1, b1, 2, 3, 6, 7));
    v128.store(out, f32x4.add(low, high));
  }
  for (; j < count; j++, rows += stride, out += 4) {
    let sum = f32x4.splat(0);
    for (let i = 0; i < d; i += 4) {
      const at = <usize> i << 2, left = d - i;
      sum = madd(take(a + at, left, 0), take(rows + at, left, 0), sum);
    }
    store<f32>(out, sumLanes(sum));
  }
}

/** out += Σ_j weights[j]·rows[j] over `count` rows of width d; the weights lie `step` bytes apart. */
export function mix(
  weights: usize,
  step: usize,
  rows: usize,
  stride: usize,
  out: usize,
  count: i32,
  d: i32,
): void {
  let i = 0;
  for (; i + 16 <= d; i += 16) {
    let row = rows + (<usize> i << 2), weight = weights;
    const to = out + (<usize> i << 2);
    let s0 = v128.load(to), s1 = v128.load(to, 16), s2 = v128.load(to, 32), s3 = v128.load(to, 48);
    for (let j = 0; j < count; j++, row += stride, weight += step) {
      const w = v128.load_splat<f32>(weight);
      s0 = madd(w, v128.load(row), s0), s1 = madd(w, v128.load(row, 16), s1);
      s2 = madd(w, v128.load(row, 32), s2), s3 = madd(w, v128.load(row, 48), s3);
    }
    v128.store(to, s0), v128.store(to, s1, 16), v128.store(to, s2, 32), v128.store(to, s3, 48);
  }
  for (; i < d; i += 4) {
    let row = rows + (<usize> i << 2), weight = weights;
    const to = out + (<usize> i << 2), left = d - i;
    let sum = take(to, left, 0);
    for (let j = 0; j < count; j++, row += stride, weight += step) {
      sum = madd(v128.load_splat<f32>(weight), take(row, left, 0), sum);
    }
    put(to, sum, left);
  }
}
