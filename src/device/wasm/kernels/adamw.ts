// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { madd, put, sumLanes, take } from "./lanes.ts";

/** sums[block] = Σ x² over block `block` of `size` numbers of n, blocks from … to−1; doubles. */
export function squares(x: usize, sums: usize, n: i32, size: i32, from: i32, to: i32): void {
  for (let block = from; block < to; block++) {
    const end = min(n, (block + 1) * size);
    let sum = f32x4.splat(0);
    for (let i = block * size; i < end; i += 4) {
      const v = take(x + (<usize> i << 2), end - i, 0);
      sum = madd(v, v, sum);
    }
    store<f64>(sums + (<usize> block << 3), <f64> sumLanes(sum));
  }
}

/**
 * AdamW in place on groups of four numbers from … to−1 of n: g = gradient·shrink, m = b1·m + (1−b1)·g,
 * v = b2·v + (1−b2)·g², p −= rate·(m/meanShare / (√(v/squareShare) + ε) + decay·p).
 */
export function adamw(
  p: usize,
  m: usize,
  v: usize,
  gradient: usize,
  n: i32,
  shrink: f32,
  b1: f32,
  b2: f32,
  epsilon: f32,
  decay: f32,
  rate: f32,
  meanShare: f32,
  squareShare: f32,
  from: i32,
  to: i32,
): void {
  const factor = f32x4.splat(shrink), c1 = f32x4.splat(b1), c2 = f32x4.splat(b2);
  const d1 = f32x4.splat(<f32> 1 - b1), d2 = f32x4.splat(<f32> 1 - b2), tiny = f32x4.splat(epsilon);
  const pull = f32x4.splat(decay), speed = f32x4.splat(rate);
  const mean = f32x4.splat(<f32> 1 / meanShare), square = f32x4.splat(<f32> 1 / squareShare);
  for (let group = from; group < to; group++) {
    const at = <usize> group << 4, left = n - 4 * group;
    const g = f32x4.mul(factor, take(gradient + at, left, 0)), x = take(p + at, left, 0);
    const first = madd(d1, g, f32x4.mul(c1, take(m + at, left, 0)));
    const second = madd(d2, f32x4.mul(g, g), f32x4.mul(c2, take(v + at, left, 0)));
    put(m + at, first, left), put(v + at, second, left);
    const size = f32x4.add(f32x4.sqrt(f32x4.mul(square, second)), tiny);
    const step = madd(pull, x, f32x4.div(f32x4.mul(mean, first), size));
    put(p + at, f32x4.sub(x, f32x4.mul(speed, step)), left);
  }
}
