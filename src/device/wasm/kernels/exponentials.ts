// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { expWithin4, log } from "./elementary.ts";
import { maxLanes, put, sumLanes, take } from "./lanes.ts";

/** Turns scores into softmax(scale·score) in place; returns log Σ e^(scale·score). */
export function exponentials(scores: usize, count: i32, scale: f32): f32 {
  const top = highestOf(scores, count, scale), total = raise(scores, count, scale, top);
  const share = f32x4.splat(1 / total);
  for (let j = 0; j < count; j += 4) {
    const at = scores + (<usize> j << 2), left = count - j;
    put(at, f32x4.mul(share, take(at, left, 0)), left);
  }
  return <f32> (<f64> top + log(<f64> total));
}

/** Turns scores into e^(scale·score − their maximum) in place; returns their sum. */
export function unshared(scores: usize, count: i32, scale: f32): f32 {
  return raise(scores, count, scale, highestOf(scores, count, scale));
}

function highestOf(scores: usize, count: i32, scale: f32): f32 {
  // The rounding of a product does not turn the order around, so the largest score has the largest.
  let highest = f32x4.splat(-f32.MAX_VALUE);
  for (let j = 0; j < count; j += 4) {
    highest = f32x4.pmax(highest, take(scores + (<usize> j << 2), count - j, -f32.MAX_VALUE));
  }
  return scale * maxLanes(highest);
}

function raise(scores: usize, count: i32, scale: f32, top: f32): f32 {
  const factor = f32x4.splat(scale), shift = f32x4.splat(top);
  let sum = f32x4.splat(0);
  for (let j = 0; j < count; j += 4) {
    const at = scores + (<usize> j << 2), left = count - j;
    const e = expWithin4(f32x4.sub(f32x4.mul(factor, take(at, left, -f32.MAX_VALUE)), shift));
    sum = f32x4.add(sum, e);
    put(at, e, left);
  }
  return sumLanes(sum);
}
