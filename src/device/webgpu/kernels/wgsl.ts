/** WGSL that kernels share; each needs `LANES`, which every kernel has. */

/** `sumOf(value, lane)` and `maxOf(value, lane)` over the lanes of a unit, known to all of them; always in the same order. */
export const REDUCTIONS = `
var<workgroup> shared_values: array<f32, LANES>;
fn sumOf(value: f32, lane: u32) -> f32 {
  shared_values[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { shared_values[lane] += shared_values[lane + half]; }
    workgroupBarrier();
  }
  let total = shared_values[0];
  workgroupBarrier();
  return total;
}
fn maxOf(value: f32, lane: u32) -> f32 {
  shared_values[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { shared_values[lane] = max(shared_values[lane], shared_values[lane + half]); }
    workgroupBarrier();
  }
  let most = shared_values[0];
  workgroupBarrier();
  return most;
}`;

/** `bitsOf(counter, high, low)`: `RandomKey.bits` of src/numerics/random.ts for counters under 2³². */
export const RANDOM_BITS = `
fn mixed(value: u32, salt: u32) -> u32 {
  var x = value ^ salt;
  for (var round = 0; round < 2; round++) {
    x ^= x >> 16u;
    x *= 0x7feb352du;
    x ^= x >> 15u;
    x *= 0x846ca68bu;
    x ^= x >> 16u;
    x += salt * 0x9e3779b1u;
  }
  return x;
}
fn bitsOf(counter: u32, high: u32, low: u32) -> u32 {
  return mixed(mixed(counter, low) ^ high, low);
}`;

/** `gumbelOf(bits)`: −log(−log u) with u = (bits + ½)·2⁻³², in 32 bits, precise at both ends. */
export const GUMBEL = `
fn logOf(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  var exponent = f32(i32(bits >> 23u) - 127);
  var mantissa = bitcast<f32>((bits & 0x7fffffu) | 0x3f800000u);
  if (mantissa > 1.41421356) { mantissa *= 0.5; exponent += 1.0; }
  let s = (mantissa - 1.0) / (mantissa + 1.0);
  // ln 2 in two parts, of which the first is exact times any exponent.
  return exponent * 0.693359375 + (exponent * -2.12194440e-4 + atanhTwice(s));
}
/** log((1 + s)/(1 − s)) for |s| ≤ 1/3. */
fn atanhTwice(s: f32) -> f32 {
  let q = s * s;
  var sum = 1.0 / 15.0;
  sum = sum * q + 1.0 / 13.0;
  sum = sum * q + 1.0 / 11.0;
  sum = sum * q + 1.0 / 9.0;
  sum = sum * q + 1.0 / 7.0;
  sum = sum * q + 1.0 / 5.0;
  sum = sum * q + 1.0 / 3.0;
  return 2.0 * (s + s * q * sum);
}
fn gumbelOf(bits: u32) -> f32 {
  let rest = (f32(~bits) + 0.5) * 2.3283064e-10; // 1 − u
  if (rest < 0.5) { return -logOf(atanhTwice(rest / (2.0 - rest))); }
  return -logOf(-logOf((f32(bits) + 0.5) * 2.3283064e-10));
}`;
