// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

/* Four numbers at a time: sums, products, and the last few of a row. */

/** sum + a·b, in two roundings. */
export function madd(a: v128, b: v128, sum: v128): v128 {
  // Not the relaxed fused form: its rounding differs between processors, and this one's does not.
  return f32x4.add(sum, f32x4.mul(a, b));
}

export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

export function maxLanes(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** The next four floats, or the `left` < 4 that remain with `fill` behind them. */

export function take(pointer: usize, left: i32, fill: f32): v128 {
  return left >= 4 ? v128.load(pointer) : takeTail(pointer, left, fill);
}

function takeTail(pointer: usize, left: i32, fill: f32): v128 {
  let v = f32x4.splat(fill);
  v = f32x4.replace_lane(v, 0, load<f32>(pointer));
  if (left > 1) v = f32x4.replace_lane(v, 1, load<f32>(pointer, 4));
  if (left > 2) v = f32x4.replace_lane(v, 2, load<f32>(pointer, 8));
  return v;
}

/** Stores four floats, or the first `left` < 4 of them. */

export function put(pointer: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(pointer, v);
  else putTail(pointer, v, left);
}

function putTail(pointer: usize, v: v128, left: i32): void {
  store<f32>(pointer, f32x4.extract_lane(v, 0));
  if (left > 1) store<f32>(pointer, f32x4.extract_lane(v, 1), 4);
  if (left > 2) store<f32>(pointer, f32x4.extract_lane(v, 2), 8);
}
