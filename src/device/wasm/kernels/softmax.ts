// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { expDown4, log } from "./elementary.ts";
import { maxLanes, put, sumLanes, take } from "./lanes.ts";

/** y = softmax(x) along rows of `columns`. */
export function softmax(x: usize, y: usize, columns: i32, from: i32, to: i32): void {
  for (let r = from; r < to; r++) {
    const row = <usize> r * columns << 2;
    let highest = f32x4.splat(-f32.MAX_VALUE);
    for (let i = 0; i < columns; i += 4) {
      highest = f32x4.pmax(highest, take(x + row + (i << 2), columns - i, -f32.MAX_VALUE));
    }
    const top = f32x4.splat(maxLanes(highest));
    let sum = f32x4.splat(0);
    for (let i = 0; i < columns; i += 4) {
      const at = row + (<usize> i << 2), left = columns - i;
      const e = expDown4(f32x4.sub(take(x + at, left, -f32.MAX_VALUE), top));
      sum = f32x4.add(sum, e);
      put(y + at, e, left);
    }
    const share = f32x4.splat(1 / sumLanes(sum));
    for (let i = 0; i < columns; i += 4) {
      const at = y + row + (i << 2), left = columns - i;
      put(at, f32x4.mul(take(at, left, 0), share), left);
    }
  }
}

/** out[r] = log Σ_c e^z[r,c], rows from … to−1. */
export function logSumExp(z: usize, out: usize, columns: i32, from: i32, to: i32): void {
  for (let r = from; r < to; r++) {
    store<f32>(out + (<usize> r << 2), logTotal(z + (<usize> r * columns << 2), columns));
  }
}

/** log Σ e^z of one row. */
export function logTotal(row: usize, columns: i32): f32 {
  let highest = f32x4.splat(-f32.MAX_VALUE);
  for (let i = 0; i < columns; i += 4) {
    highest = f32x4.pmax(highest, take(row + (<usize> i << 2), columns - i, -f32.MAX_VALUE));
  }
  const top = maxLanes(highest), shift = f32x4.splat(top);
  let sum = f32x4.splat(0);
  for (let i = 0; i < columns; i += 4) {
    sum = f32x4.add(
      sum,
      expDown4(f32x4.sub(take(row + (<usize> i << 2), columns - i, -f32.MAX_VALUE), shift)),
    );
  }
  return <f32> (<f64> top + log(<f64> sumLanes(sum)));
}

/** dz = dy[r]·e^(z − lse[r]), rows from … to−1. */
export function logSumExpGrad(
  z: usize,
  lse: usize,
  dy: usize,
  dz: usize,
  columns: i32,
  from: i32,
  to: i32,
): void {
  for (let r = from; r < to; r++) {
    const row = <usize> r * columns << 2, at = <usize> r << 2;
    shares(z + row, dz + row, columns, load<f32>(lse + at), load<f32>(dy + at));
  }
}

/** out = factor·e^(z − total) of one row; `out` may be z. */
export function shares(z: usize, out: usize, columns: i32, total: f32, factor: f32): void {
  const shift = f32x4.splat(total), scale = f32x4.splat(factor);
  for (let i = 0; i < columns; i += 4) {
    const at = <usize> i << 2, left = columns - i;
    put(out + at, f32x4.mul(scale, expDown4(f32x4.sub(take(z + at, left, 0), shift))), left);
  }
}
