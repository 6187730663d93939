// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { madd, put, sumLanes, take } from "./lanes.ts";

/** y = x·inverse·w with inverse[r] = 1/√(mean x² + ε), rows from … to−1 of [rows, d]. */
export function rmsNorm(
  x: usize,
  w: usize,
  y: usize,
  inverse: usize,
  d: i32,
  epsilon: f32,
  from: i32,
  to: i32,
): void {
  for (let r = from; r < to; r++) {
    const row = <usize> r * d << 2;
    let squares = f32x4.splat(0);
    for (let i = 0; i < d; i += 4) {
      const v = take(x + row + (i << 2), d - i, 0);
      squares = madd(v, v, squares);
    }
    const scale: f32 = 1 / sqrt<f32>(sumLanes(squares) / <f32> d + epsilon);
    store<f32>(inverse + (r << 2), scale);
    const factor = f32x4.splat(scale);
    for (let i = 0; i < d; i += 4) {
      const at = row + (i << 2), left = d - i;
      put(y + at, f32x4.mul(f32x4.mul(take(x + at, left, 0), factor), take(w + (i << 2), left, 0)), left);
    }
  }
}

/** dx = inverse·(w·dy − x·inverse²·mean(x·w·dy)), rows from … to−1. */
export function rmsNormGradX(
  x: usize,
  w: usize,
  inverse: usize,
  dy: usize,
  dx: usize,
  d: i32,
  from: i32,
  to: i32,
): void {
  for (let r = from; r < to; r++) {
    const row = <usize> r * d << 2;
    let dot = f32x4.splat(0);
    for (let i = 0; i < d; i += 4) {
      const at = row + (i << 2), left = d - i;
      dot = madd(f32x4.mul(take(x + at, left, 0), take(w + (i << 2), left, 0)), take(dy + at, left, 0), dot);
    }
    const scale = load<f32>(inverse + (r << 2));
    const factor = f32x4.splat(scale), pull = f32x4.splat(scale * scale * sumLanes(dot) / <f32> d);
    for (let i = 0; i < d; i += 4) {
      const at = row + (i << 2), left = d - i;
      const pushed = f32x4.mul(take(w + (i << 2), left, 0), take(dy + at, left, 0));
      put(dx + at, f32x4.mul(factor, f32x4.sub(pushed, f32x4.mul(take(x + at, left, 0), pull))), left);
    }
  }
}

/** dw[c] = Σ_r x·inverse·dy, groups of four columns from … to−1. */
export function rmsNormGradWeight(
  x: usize,
  inverse: usize,
  dy: usize,
  dw: usize,
  rows: i32,
  d: i32,
  from: i32,
  to: i32,
): void {
  for (let group = from; group < to; group++) {
    const left = d - 4 * group;
    let at: usize = <usize> group << 4, sum = f32x4.splat(0);
    for (let r = 0; r < rows; r++, at += <usize> d << 2) {
      const factor = v128.load_splat<f32>(inverse + (r << 2));
      sum = madd(f32x4.mul(take(x + at, left, 0), factor), take(dy + at, left, 0), sum);
    }
    put(dw + (<usize> group << 4), sum, left);
  }
}
