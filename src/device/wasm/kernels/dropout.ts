// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { bits4, extractLane, stepOf } from "./random_bits.ts";

/**
 * y[i] = x[i]·scale where 16 bits of counter i>>1 are at least `threshold`, else 0; blocks of eight elements from …
 * to−1 of n. `key` points at the two words of the key.
 */
export function dropout(
  x: usize,
  key: usize,
  y: usize,
  n: i32,
  threshold: i32,
  scale: f32,
  from: i32,
  to: i32,
): void {
  const high = v128.load_splat<i32>(key), low = v128.load_splat<i32>(key + 4), step = stepOf(low);
  const bar = i32x4.splat(threshold), factor = f32x4.splat(scale), ones = i32x4.splat(0xffff);
  for (let block = from; block < to; block++) {
    const counters = i32x4.add(i32x4.splat(4 * block), i32x4(0, 1, 2, 3));
    const words = bits4(counters, high, low, step);
    const even = i32x4.ge_s(v128.and(words, ones), bar), odd = i32x4.ge_s(i32x4.shr_u(words, 16), bar);
    const front = v128.and(factor, v128.shuffle<i32>(even, odd, 0, 4, 1, 5));
    const back = v128.and(factor, v128.shuffle<i32>(even, odd, 2, 6, 3, 7));
    const at = <usize> block << 5, left = n - 8 * block;
    if (left >= 8) {
      v128.store(y + at, f32x4.mul(v128.load(x + at), front));
      v128.store(y + at, f32x4.mul(v128.load(x + at, 16), back), 16);
    } else {
      for (let i = 0; i < left; i++) {
        const word = extractLane(words, i >> 1);
        const kept = (i & 1 ? word >>> 16 : word & 0xffff) >= <u32> threshold;
        store<f32>(y + at + (i << 2), kept ? load<f32>(x + at + (i << 2)) * scale : 0);
      }
    }
  }
}
