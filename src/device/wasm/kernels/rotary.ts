// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { put, take } from "./lanes.ts";

/**
 * Rows of heads of width `head`: rotates the pair (x[i], x[i + half]) of the first `rotated` heads by the angle of the
 * row's position, copies the heads behind them; `sign` −1 turns back. angles [places, head]: cosines, then sines.
 */
export function rotary(
  x: usize,
  positions: usize,
  angles: usize,
  y: usize,
  width: i32,
  head: i32,
  rotated: i32,
  sign: f32,
  from: i32,
  to: i32,
): void {
  const turn = f32x4.splat(sign),
    half = head >> 1,
    halfBytes = <usize> half << 2,
    headBytes = <usize> head << 2;
  const done = <usize> rotated * headBytes;
  for (let r = from; r < to; r++) {
    const row = <usize> r * width << 2;
    const angle = angles + <usize> load<i32>(positions + (<usize> r << 2)) * headBytes;
    for (let h: usize = 0; h < done; h += headBytes) {
      for (let i = 0; i < half; i += 4) {
        const at = row + h + (<usize> i << 2), left = half - i;
        const a = take(x + at, left, 0), b = take(x + at + halfBytes, left, 0);
        const c = take(angle + (<usize> i << 2), left, 0);
        const s = f32x4.mul(turn, take(angle + halfBytes + (<usize> i << 2), left, 0));
        put(y + at, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)), left);
        put(y + at + halfBytes, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)), left);
      }
    }
    memory.copy(y + row + done, x + row + done, (<usize> width << 2) - done);
  }
}
