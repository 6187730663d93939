// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

/* Numbers of 16 bits to float32, bit for bit. A unit is the eight that a vector holds; `n` numbers in all. */

/** Numbers of which each is the upper half of a float32, units from … to−1. */
export function unpackBf16(packed: usize, y: usize, n: i32, from: i32, to: i32): void {
  const zero = i16x8.splat(0);
  let i = from << 3;
  for (const end = min(n & ~7, to << 3); i < end; i += 8) {
    const halves = v128.load(packed + (<usize> i << 1)), out = y + (<usize> i << 2);
    v128.store(out, v128.shuffle<i16>(zero, halves, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(out, v128.shuffle<i16>(zero, halves, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }
  for (const end = min(n, to << 3); i < end; i++) {
    store<u32>(y + (<usize> i << 2), <u32> load<u16>(packed + (<usize> i << 1)) << 16);
  }
}

/** Numbers of IEEE's half precision, units from … to−1. */
export function unpackF16(packed: usize, y: usize, n: i32, from: i32, to: i32): void {
  let i = from << 3;
  for (const end = min(n & ~7, to << 3); i < end; i += 8) {
    const halves = v128.load(packed + (<usize> i << 1)), out = y + (<usize> i << 2);
    const rest = v128.and(halves, i16x8.splat(0x7fff));
    // All but zeros, numbers below the normal ones, infinities and NaNs: the exponent moved, then the bits pushed apart.
    const special = i16x8.ge_u(i16x8.sub(rest, i16x8.splat(0x0400)), i16x8.splat(0x7800));
    if (v128.any_true(special)) {
      v128.store(out, float4(i32x4.extend_low_i16x8_u(halves)));
      v128.store(out, float4(i32x4.extend_high_i16x8_u(halves)), 16);
      continue;
    }
    const sign = v128.xor(halves, rest);
    const high = v128.or(sign, i16x8.add(i16x8.shr_u(rest, 3), i16x8.splat(112 << 7)));
    const low = i16x8.shl(rest, 13);
    v128.store(out, v128.shuffle<i16>(low, high, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(out, v128.shuffle<i16>(low, high, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }
  for (const end = min(n, to << 3); i < end; i++) {
    const half = i32x4.splat(<i32> load<u16>(packed + (<usize> i << 1)));
    store<i32>(y + (<usize> i << 2), i32x4.extract_lane(float4(half), 0));
  }
}

/** The float32 of any four halves, each in 32 bits. */
function float4(halves: v128): v128 {
  const rest = v128.and(halves, i32x4.splat(0x7fff)), shift = i32x4.splat(112 << 23);
  const sign = i32x4.shl(v128.xor(halves, rest), 16);
  const endless = v128.and(i32x4.gt_s(rest, i32x4.splat(0x7bff)), shift);
  const normal = i32x4.add(i32x4.add(i32x4.shl(rest, 13), shift), endless);
  // Below the normal numbers the bits count 2⁻²⁴, as those of a float32 from ½ to 1 do.
  const small = f32x4.sub(v128.or(rest, i32x4.splat(0x3f000000)), f32x4.splat(0.5));
  return v128.or(v128.bitselect(small, normal, i32x4.lt_s(rest, i32x4.splat(0x0400))), sign);
}
