// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { put, take } from "./lanes.ts";

/**
 * Rotates the pair (x[i], x[i + half]) of each row by its position's angle; `sign` −1 turns back. Row r stands at
 * position r mod length of batch r / perBatch; angles [batches or 1, length, half], `angleBatch` 0 or length.
 */
export function rotary(
  x: usize,
  cos: usize,
  sin: usize,
  y: usize,
  half: i32,
  sign: f32,
  length: i32,
  perBatch: i32,
  angleBatch: i32,
  from: i32,
  to: i32,
): void {
  const turn = f32x4.splat(sign), bytes = <usize> half << 2;
  for (let r = from; r < to; r++) {
    const row = 2 * <usize> r * bytes;
    const angle = <usize> ((r / perBatch) * angleBatch + r % length) * bytes;
    for (let i = 0; i < half; i += 4) {
      const at = row + (<usize> i << 2), left = half - i;
      const a = take(x + at, left, 0), b = take(x + at + bytes, left, 0);
      const c = take(cos + angle + (<usize> i << 2), left, 0);
      const s = f32x4.mul(turn, take(sin + angle + (<usize> i << 2), left, 0));
      put(y + at, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)), left);
      put(y + at + bytes, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)), left);
    }
  }
}
