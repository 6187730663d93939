// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { sigmoid4 } from "./elementary.ts";
import { put, take } from "./lanes.ts";

/** y = silu(gate)·up for rows [gate | up] of 2·h, rows from … to−1. */
export function swiglu(gateUp: usize, y: usize, h: i32, from: i32, to: i32): void {
  const half = <usize> h << 2;
  for (let r = from; r < to; r++) {
    const gate = gateUp + 2 * <usize> r * half, out = y + <usize> r * half;
    for (let i = 0; i < h; i += 4) {
      const at = <usize> i << 2, left = h - i;
      const g = take(gate + at, left, 0);
      put(out + at, f32x4.mul(f32x4.mul(g, sigmoid4(g)), take(gate + half + at, left, 0)), left);
    }
  }
}

/** d gate = dy·up·s·(1 + gate·(1−s)), d up = dy·gate·s with s = sigmoid(gate); rows from … to−1. */
export function swigluGrad(gateUp: usize, dy: usize, dGateUp: usize, h: i32, from: i32, to: i32): void {
  const half = <usize> h << 2, one = f32x4.splat(1);
  for (let r = from; r < to; r++) {
    const gate = gateUp + 2 * <usize> r * half, dGate = dGateUp + 2 * <usize> r * half;
    for (let i = 0; i < h; i += 4) {
      const at = <usize> i << 2, left = h - i;
      const g = take(gate + at, left, 0), up = take(gate + half + at, left, 0);
      const d = take(dy + <usize> r * half + at, left, 0), s = sigmoid4(g);
      const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))));
      put(dGate + at, f32x4.mul(f32x4.mul(d, up), slope), left);
      put(dGate + half + at, f32x4.mul(d, f32x4.mul(g, s)), left);
    }
  }
}
