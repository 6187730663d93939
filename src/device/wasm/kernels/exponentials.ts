// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { exp4, log } from "./elementary.ts";
import { maxLanes, put, sumLanes, take } from "./lanes.ts";

/** Turns scores into softmax(scale·score) in place; returns log Σ e^(scale·score). */
export function exponentials(scores: usize, count: i32, scale: f32): f32 {
  const factor = f32x4.splat(scale);
  let highest = f32x4.splat(-f32.MAX_VALUE);
  for (let j = 0; j < count; j += 4) {
    const left = count - j;
    let v = f32x4.mul(factor, take(scores + (<usize> j << 2), left, 0));
    put(scores + (<usize> j << 2), v, left);
    // What lies behind the last score repeats the first of the four: no maximum of its own.
    if (left < 4) v = f32x4.replace_lane(v, 3, f32x4.extract_lane(v, 0));
    if (left < 3) v = f32x4.replace_lane(v, 2, f32x4.extract_lane(v, 0));
    if (left < 2) v = f32x4.replace_lane(v, 1, f32x4.extract_lane(v, 0));
    highest = f32x4.max(highest, v);
  }
  const top = maxLanes(highest), shift = f32x4.splat(top);
  let sum = f32x4.splat(0);
  for (let j = 0; j < count; j += 4) {
    const at = scores + (<usize> j << 2), left = count - j;
    const e = exp4(f32x4.sub(take(at, left, -f32.MAX_VALUE), shift));
    sum = f32x4.add(sum, e);
    put(at, e, left);
  }
  const total = sumLanes(sum), share = f32x4.splat(1 / total);
  for (let j = 0; j < count; j += 4) {
    const at = scores + (<usize> j << 2), left = count - j;
    put(at, f32x4.mul(share, take(at, left, 0)), left);
  }
  return <f32> (<f64> top + log(<f64> total));
}
