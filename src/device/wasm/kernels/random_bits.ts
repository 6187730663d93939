// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

/**
 * Four words at a time of `RandomKey.bits` in src/numerics/random.ts, for counters under 2³².
 *
 * @param step `stepOf(low)`, which nothing else hoists out of a loop
 */
export function bits4(counters: v128, high: v128, low: v128, step: v128): v128 {
  return mix4(v128.xor(mix4(counters, low, step), high), low, step);
}

export function stepOf(low: v128): v128 {
  return i32x4.mul(low, i32x4.splat(0x9e3779b1));
}

function mix4(x: v128, salt: v128, step: v128): v128 {
  x = v128.xor(x, salt);
  for (let round = 0; round < 2; round++) {
    x = v128.xor(x, i32x4.shr_u(x, 16));
    x = i32x4.mul(x, i32x4.splat(0x7feb352d));
    x = v128.xor(x, i32x4.shr_u(x, 15));
    x = i32x4.mul(x, i32x4.splat(0x846ca68b));
    x = v128.xor(x, i32x4.shr_u(x, 16));
    x = i32x4.add(x, step);
  }
  return x;
}

export function extractLane(v: v128, lane: i32): u32 {
  if (lane == 0) return i32x4.extract_lane(v, 0);
  if (lane == 1) return i32x4.extract_lane(v, 1);
  return lane == 2 ? i32x4.extract_lane(v, 2) : i32x4.extract_lane(v, 3);
}
