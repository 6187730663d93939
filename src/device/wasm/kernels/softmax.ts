// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { exp4, log } from "./elementary.ts";
import { madd, maxLanes, put, sumLanes, take } from "./lanes.ts";

/**
 * y = softmax(scale·x + mask) along rows of `columns`. The mask row of row r is
 * (r / perBatch)·maskBatch + (r mod queries)·maskQuery; `mask` 0 means none.
 */
export function softmax(
  x: usize,
  mask: usize,
  y: usize,
  columns: i32,
  scale: f32,
  perBatch: i32,
  queries: i32,
  maskBatch: i32,
  maskQuery: i32,
  from: i32,
  to: i32,
): void {
  const factor = f32x4.splat(scale);
  for (let r = from; r < to; r++) {
    const row = <usize> r * columns << 2;
    const maskRow = mask + (<usize> ((r / perBatch) * maskBatch + (r % queries) * maskQuery) * columns << 2);
    let highest = f32x4.splat(-f32.MAX_VALUE);
    for (let i = 0; i < columns; i += 4) {
      const left = columns - i;
      let v = f32x4.mul(take(x + row + (i << 2), left, -f32.MAX_VALUE), factor);
      if (mask) v = f32x4.add(v, take(maskRow + (i << 2), left, 0));
      if (left < 4) v = takeLanes(v, left);
      highest = f32x4.max(highest, v);
      put(y + row + (i << 2), v, left);
    }
    const top = f32x4.splat(maxLanes(highest));
    let sum = f32x4.splat(0);
    for (let i = 0; i < columns; i += 4) {
      const at = y + row + (i << 2), left = columns - i;
      const e = exp4(f32x4.sub(take(at, left, -f32.MAX_VALUE), top));
      sum = f32x4.add(sum, e);
      put(at, e, left);
    }
    const share = f32x4.splat(1 / sumLanes(sum));
    for (let i = 0; i < columns; i += 4) {
      const at = y + row + (i << 2), left = columns - i;
      put(at, f32x4.mul(take(at, left, 0), share), left);
    }
  }
}

/** The first `left` lanes, the lowest number behind them, whatever the sign of the scale made of the fill. */
function takeLanes(v: v128, left: i32): v128 {
  const lowest: f32 = -f32.MAX_VALUE;
  v = f32x4.replace_lane(v, 3, lowest);
  if (left < 3) v = f32x4.replace_lane(v, 2, lowest);
  if (left < 2) v = f32x4.replace_lane(v, 1, lowest);
  return v;
}

/** dx = scale·y·(dy − Σ y·dy), rows from … to−1. */
export function softmaxGrad(
  y: usize,
  dy: usize,
  dx: usize,
  columns: i32,
  scale: f32,
  from: i32,
  to: i32,
): void {
  const factor = f32x4.splat(scale);
  for (let r = from; r < to; r++) {
    const row = <usize> r * columns << 2;
    let dot = f32x4.splat(0);
    for (let i = 0; i < columns; i += 4) {
      const at = row + (i << 2), left = columns - i;
      dot = madd(take(y + at, left, 0), take(dy + at, left, 0), dot);
    }
    const mean = f32x4.splat(sumLanes(dot));
    for (let i = 0; i < columns; i += 4) {
      const at = row + (i << 2), left = columns - i;
      const centred = f32x4.sub(take(dy + at, left, 0), mean);
      put(dx + at, f32x4.mul(factor, f32x4.mul(take(y + at, left, 0), centred)), left);
    }
  }
}

/** out[r] = log Σ_c e^z[r,c], rows from … to−1. */
export function logSumExp(z: usize, out: usize, columns: i32, from: i32, to: i32): void {
  for (let r = from; r < to; r++) {
    const row = z + (<usize> r * columns << 2);
    let highest = f32x4.splat(-f32.MAX_VALUE);
    for (let i = 0; i < columns; i += 4) {
      highest = f32x4.max(highest, take(row + (i << 2), columns - i, -f32.MAX_VALUE));
    }
    const top = maxLanes(highest), shift = f32x4.splat(top);
    let sum = f32x4.splat(0);
    for (let i = 0; i < columns; i += 4) {
      sum = f32x4.add(sum, exp4(f32x4.sub(take(row + (i << 2), columns - i, -f32.MAX_VALUE), shift)));
    }
    store<f32>(out + (r << 2), <f32> (<f64> top + log(<f64> sumLanes(sum))));
  }
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
    const row = <usize> r * columns << 2;
    const shift = v128.load_splat<f32>(lse + (r << 2)), factor = v128.load_splat<f32>(dy + (r << 2));
    for (let i = 0; i < columns; i += 4) {
      const at = row + (i << 2), left = columns - i;
      put(dz + at, f32x4.mul(factor, exp4(f32x4.sub(take(z + at, left, 0), shift))), left);
    }
  }
}
