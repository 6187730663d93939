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
