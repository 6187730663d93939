// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

/* Functions that the instruction set lacks. */

import { madd } from "./lanes.ts";

/** 1.5·2²³: a small number added to it is rounded to a whole one, which stands in the sum's low bits. */
const ROUNDING: f32 = 12582912;

/** eˣ in four lanes within 2 ulp (Cephes' expf) from −87 to 87, and beyond these what it is there. NaN kept. */
export function expWithin4(x: v128): v128 {
  const clamped = f32x4.pmax(f32x4.pmin(x, f32x4.splat(87)), f32x4.splat(-87));
  const rounded = madd(clamped, f32x4.splat(1.44269504088896341), f32x4.splat(ROUNDING));
  // The low bits become an exponent; the others are shifted out.
  return i32x4.add(expOfRest(clamped, rounded), i32x4.shl(rounded, 23));
}

/** e^(x − n·ln 2) for the whole n in `rounded`. */
function expOfRest(x: v128, rounded: v128): v128 {
  const n = f32x4.sub(rounded, f32x4.splat(ROUNDING));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  return f32x4.add(madd(p, f32x4.mul(r, r), r), f32x4.splat(1));
}

/** The same for x ≤ 0, or little above, with 0 below −87.3: what a softmax needs. */
export function expDown4(x: v128): v128 {
  const clamped = f32x4.pmax(x, f32x4.splat(-88));
  const rounded = madd(clamped, f32x4.splat(1.44269504088896341), f32x4.splat(ROUNDING));
  const power = i32x4.shl(i32x4.add(rounded, i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(expOfRest(clamped, rounded), power), f32x4.lt(x, f32x4.splat(-87.3)));
}

/** 1/(1 + e^−x), by e^−|x| on either side: never of a large number. */
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1), e = expDown4(f32x4.neg(f32x4.abs(x)));
  const above = v128.bitselect(one, e, f32x4.ge(x, f32x4.splat(0)));
  return f32x4.div(above, f32x4.add(one, e));
}

/** ln x of a positive finite number in double precision (atanh series on the mantissa). */
export function log(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = <f64> (<i64> (bits >> 52) - 1023);
  let mantissa = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (mantissa > 1.4142135623730951) mantissa *= 0.5, exponent += 1;
  const s = (mantissa - 1) / (mantissa + 1), q = s * s;
  let sum: f64 = 0;
  for (let k = 21; k > 0; k -= 2) sum = sum * q + 1 / <f64> k;
  return exponent * 0.6931471805599453 + 2 * s * sum;
}
