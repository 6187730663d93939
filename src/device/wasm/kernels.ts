// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

/*
 * The hot loops of a training step on 128-bit SIMD, compiled to kernels.wasm by build.ts.
 *
 * Every kernel works on pointers into the tfjs backend's memory and ends with `from, to`: the part of the work (rows,
 * tiles or columns) that this call does. Parts are cut by the problem and never by the number of threads, and no part
 * reads what another writes, so the bits are the same for any number of threads.
 *
 * The module owns no memory: no static data, no allocation. `setScratch` gives each thread its packing buffer.
 */

/** Rows of B that are packed at once; PANEL_ROWS × TILE_COLUMNS floats fit a level-1 cache. */
const PANEL_ROWS: i32 = 512;
const TILE_ROWS: i32 = 6;
const TILE_COLUMNS: i32 = 8;

/** Where scratch holds, after the panel of B and a row of spare output, the packed rows of A. */
const TILES_AT: usize = <usize> (PANEL_ROWS * TILE_COLUMNS << 2) + 64;

let scratch: usize = 0;

/** Sets the packing buffer of this thread, of SCRATCH_BYTES (kernel_names.ts). */
export function setScratch(pointer: usize): void {
  scratch = pointer;
}

// ── matrix product ──────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * C = A·B for a batch, C row-major [batches, M, N]. A and B are read through strides (in elements), so a transposed
 * operand needs no copy and a broadcast one has a batch stride of 0. The work is cut into batches × blocks of rows.
 */
export function matmul(
  a: usize,
  b: usize,
  c: usize,
  M: i32,
  K: i32,
  N: i32,
  aBatch: i32,
  aRow: i32,
  aColumn: i32,
  bBatch: i32,
  bRow: i32,
  bColumn: i32,
  blockRows: i32,
  from: i32,
  to: i32,
): void {
  const blocks = (M + blockRows - 1) / blockRows;
  for (let part = from; part < to; part++) {
    const batch = part / blocks, first = (part % blocks) * blockRows;
    product(
      a + (<usize> (batch * aBatch) << 2),
      b + (<usize> (batch * bBatch) << 2),
      c + (<usize> (batch * M * N) << 2),
      K,
      N,
      aRow,
      aColumn,
      bRow,
      bColumn,
      first,
      min(M, first + blockRows),
    );
  }
}

/** Rows from … to−1 of one matrix. */
function product(
  a: usize,
  b: usize,
  c: usize,
  K: i32,
  N: i32,
  aRow: i32,
  aColumn: i32,
  bRow: i32,
  bColumn: i32,
  from: i32,
  to: i32,
): void {
  if (K == 0) {
    memory.fill(c + (<usize> from * N << 2), 0, <usize> (to - from) * N << 2);
    return;
  }
  const whole = (to - from) / TILE_ROWS;
  for (let k0 = 0; k0 < K; k0 += PANEL_ROWS) {
    const depth = min(PANEL_ROWS, K - k0), add = k0 > 0;
    const rows = a + (<usize> (from * aRow + k0 * aColumn) << 2);
    const transposed = aColumn != 1;
    if (transposed) packTiles(rows, whole, depth, aColumn);
    for (let n0 = 0; n0 < N; n0 += TILE_COLUMNS) {
      const width = min(TILE_COLUMNS, N - n0);
      pack(b + (<usize> (k0 * bRow + n0 * bColumn) << 2), depth, width, bRow, bColumn);
      let x = rows, out = c + (<usize> (from * N + n0) << 2), packed = scratch + TILES_AT;
      for (let t = 0; t < whole; t++) {
        if (width < TILE_COLUMNS) edge(x, out, N, TILE_ROWS, width, depth, aRow, aColumn, add);
        else if (transposed) tile(packed, out, <usize> N << 2, depth, 1, TILE_ROWS, add);
        else tile(x, out, <usize> N << 2, depth, aRow, 1, add);
        x += <usize> (TILE_ROWS * aRow) << 2, out += <usize> (TILE_ROWS * N) << 2;
        packed += <usize> (TILE_ROWS * depth) << 2;
      }
      edge(x, out, N, to - from - whole * TILE_ROWS, width, depth, aRow, aColumn, add);
    }
  }
}

/**
 * Copies `tiles` × 6 rows of a transposed A, whose rows lie side by side, to scratch as [tiles, depth, 6]: read along
 * memory once instead of across it for every panel of B.
 */
function packTiles(a: usize, tiles: i32, depth: i32, aColumn: i32): void {
  for (let k = 0; k < depth; k++, a += <usize> aColumn << 2) {
    let from = a, to = scratch + TILES_AT + (<usize> (k * TILE_ROWS) << 2);
    for (let t = 0; t < tiles; t++, from += 24, to += <usize> (TILE_ROWS * depth) << 2) {
      v128.store(to, v128.load(from));
      store<u64>(to, load<u64>(from, 16), 16);
    }
  }
}

/** Copies a panel [depth, width] of B into scratch as [depth, 8], zeros beyond its width. */
function pack(b: usize, depth: i32, width: i32, bRow: i32, bColumn: i32): void {
  const rowBytes = <usize> bRow << 2, columnBytes = <usize> bColumn << 2;
  let to = scratch;
  if (bColumn == 1 && width == TILE_COLUMNS) {
    for (let k = 0; k < depth; k++, b += rowBytes, to += 32) {
      v128.store(to, v128.load(b));
      v128.store(to, v128.load(b, 16), 16);
    }
    return;
  }
  if (bRow == 1 && width == TILE_COLUMNS) {
    const b4 = b + 4 * columnBytes;
    let k = 0;
    for (; k + 4 <= depth; k += 4, to += 128) {
      transpose4(b + (<usize> k << 2), columnBytes, to);
      transpose4(b4 + (<usize> k << 2), columnBytes, to + 16);
    }
    for (; k < depth; k++, to += 32) {
      for (let n = 0; n < TILE_COLUMNS; n++) {
        store<f32>(to + (n << 2), load<f32>(b + <usize> n * columnBytes + (<usize> k << 2)));
      }
    }
    return;
  }
  for (let k = 0; k < depth; k++, b += rowBytes, to += 32) {
    for (let n = 0; n < TILE_COLUMNS; n++) {
      store<f32>(to + (n << 2), n < width ? load<f32>(b + <usize> n * columnBytes) : 0);
    }
  }
}

/** Writes the transpose of 4×4 floats, rows `stride` bytes apart, as four vectors 32 bytes apart. */

function transpose4(from: usize, stride: usize, to: usize): void {
  const r0 = v128.load(from), r1 = v128.load(from + stride);
  const r2 = v128.load(from + 2 * stride), r3 = v128.load(from + 3 * stride);
  const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const c = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(a, c, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(a, c, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(b, d, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(b, d, 2, 3, 6, 7), 96);
}

function madd(a: v128, b: v128, sum: v128): v128 {
  // Not the relaxed fused form: its rounding differs between processors, and this one's does not.
  return f32x4.add(sum, f32x4.mul(a, b));
}

/** Six rows by eight columns against the packed panel; twelve sums stay in registers. */
function tile(a: usize, c: usize, cStride: usize, depth: i32, aRow: i32, aColumn: i32, add: bool): void {
  const step = <usize> aColumn << 2, stride = <usize> aRow << 2;
  const c1 = c + cStride, c2 = c1 + cStride, c3 = c2 + cStride, c4 = c3 + cStride, c5 = c4 + cStride;
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00;
  let s30 = s00, s31 = s00, s40 = s00, s41 = s00, s50 = s00, s51 = s00;
  if (add) {
    s00 = v128.load(c), s01 = v128.load(c, 16), s10 = v128.load(c1), s11 = v128.load(c1, 16);
    s20 = v128.load(c2), s21 = v128.load(c2, 16), s30 = v128.load(c3), s31 = v128.load(c3, 16);
    s40 = v128.load(c4), s41 = v128.load(c4, 16), s50 = v128.load(c5), s51 = v128.load(c5, 16);
  }
  let a0 = a, a1 = a + stride, a2 = a1 + stride, a3 = a2 + stride, a4 = a3 + stride, a5 = a4 + stride;
  let b = scratch;
  for (let k = depth; k > 0; k--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    b += 32;
    let x = v128.load_splat<f32>(a0);
    s00 = madd(x, b0, s00), s01 = madd(x, b1, s01);
    x = v128.load_splat<f32>(a1);
    s10 = madd(x, b0, s10), s11 = madd(x, b1, s11);
    x = v128.load_splat<f32>(a2);
    s20 = madd(x, b0, s20), s21 = madd(x, b1, s21);
    x = v128.load_splat<f32>(a3);
    s30 = madd(x, b0, s30), s31 = madd(x, b1, s31);
    x = v128.load_splat<f32>(a4);
    s40 = madd(x, b0, s40), s41 = madd(x, b1, s41);
    x = v128.load_splat<f32>(a5);
    s50 = madd(x, b0, s50), s51 = madd(x, b1, s51);
    a0 += step, a1 += step, a2 += step, a3 += step, a4 += step, a5 += step;
  }
  v128.store(c, s00), v128.store(c, s01, 16), v128.store(c1, s10), v128.store(c1, s11, 16);
  v128.store(c2, s20), v128.store(c2, s21, 16), v128.store(c3, s30), v128.store(c3, s31, 16);
  v128.store(c4, s40), v128.store(c4, s41, 16), v128.store(c5, s50), v128.store(c5, s51, 16);
}

/** What is left at the lower and right border: one row at a time, narrow columns through the spare tile of scratch. */
function edge(
  a: usize,
  c: usize,
  N: i32,
  rows: i32,
  width: i32,
  depth: i32,
  aRow: i32,
  aColumn: i32,
  add: bool,
): void {
  const spare = scratch + <usize> (PANEL_ROWS * TILE_COLUMNS << 2);
  const step = <usize> aColumn << 2, stride = <usize> aRow << 2, bytes = <usize> width << 2;
  for (let m = 0; m < rows; m++, a += stride, c += <usize> N << 2) {
    if (add) memory.copy(spare, c, bytes);
    let s0 = add ? v128.load(spare) : f32x4.splat(0), s1 = add ? v128.load(spare, 16) : f32x4.splat(0);
    let b = scratch, x = a;
    for (let k = depth; k > 0; k--, b += 32, x += step) {
      const v = v128.load_splat<f32>(x);
      s0 = madd(v, v128.load(b), s0), s1 = madd(v, v128.load(b, 16), s1);
    }
    v128.store(spare, s0), v128.store(spare, s1, 16);
    memory.copy(c, spare, bytes);
  }
}

// ── elementary functions ────────────────────────────────────────────────────────────────────────────────────────────

/** eˣ in four lanes within 2 ulp (Cephes' expf): 0 below −87.3, ∞ above 88.7, NaN kept. */

function exp4(x: v128): v128 {
  const clamped = f32x4.max(f32x4.min(x, f32x4.splat(89)), f32x4.splat(-88));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  // 2ⁿ as two factors: n reaches 128, which one exponent cannot hold.
  const whole = i32x4.trunc_sat_f32x4_s(n), half = i32x4.shr_s(whole, 1), bias = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, bias), 23));
  p = f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.sub(whole, half), bias), 23));
  return v128.andnot(p, f32x4.lt(x, f32x4.splat(-87.3)));
}

function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** ln x of a positive finite number in double precision (atanh series on the mantissa). */
function log(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = <f64> (<i64> (bits >> 52) - 1023);
  let mantissa = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (mantissa > 1.4142135623730951) mantissa *= 0.5, exponent += 1;
  const s = (mantissa - 1) / (mantissa + 1), q = s * s;
  let sum: f64 = 0;
  for (let k = 21; k > 0; k -= 2) sum = sum * q + 1 / <f64> k;
  return exponent * 0.6931471805599453 + 2 * s * sum;
}

function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

function maxLanes(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** The next four floats, or the `left` < 4 that remain with `fill` behind them. */

function take(pointer: usize, left: i32, fill: f32): v128 {
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

function put(pointer: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(pointer, v);
  else putTail(pointer, v, left);
}

function putTail(pointer: usize, v: v128, left: i32): void {
  store<f32>(pointer, f32x4.extract_lane(v, 0));
  if (left > 1) store<f32>(pointer, f32x4.extract_lane(v, 1), 4);
  if (left > 2) store<f32>(pointer, f32x4.extract_lane(v, 2), 8);
}

// ── normalisation ───────────────────────────────────────────────────────────────────────────────────────────────────

/** y = x·inverse·w with inverse[r] = 1/√(mean x² + ε), rows from … to−1 of [rows, d]. */
export function rmsNorm(
  x: usize,
  w: usize,
  y: usize,
  inverse: usize,
  d: i32,
  epsilon: f32,
  from: i32,
  to: i32,
): void {
  for (let r = from; r < to; r++) {
    const row = <usize> r * d << 2;
    let squares = f32x4.splat(0);
    for (let i = 0; i < d; i += 4) {
      const v = take(x + row + (i << 2), d - i, 0);
      squares = madd(v, v, squares);
    }
    const scale: f32 = 1 / sqrt<f32>(sumLanes(squares) / <f32> d + epsilon);
    store<f32>(inverse + (r << 2), scale);
    const factor = f32x4.splat(scale);
    for (let i = 0; i < d; i += 4) {
      const at = row + (i << 2), left = d - i;
      put(y + at, f32x4.mul(f32x4.mul(take(x + at, left, 0), factor), take(w + (i << 2), left, 0)), left);
    }
  }
}

/** dx = inverse·(w·dy − x·inverse²·mean(x·w·dy)), rows from … to−1. */
export function rmsNormGradX(
  x: usize,
  w: usize,
  inverse: usize,
  dy: usize,
  dx: usize,
  d: i32,
  from: i32,
  to: i32,
): void {
  for (let r = from; r < to; r++) {
    const row = <usize> r * d << 2;
    let dot = f32x4.splat(0);
    for (let i = 0; i < d; i += 4) {
      const at = row + (i << 2), left = d - i;
      dot = madd(f32x4.mul(take(x + at, left, 0), take(w + (i << 2), left, 0)), take(dy + at, left, 0), dot);
    }
    const scale = load<f32>(inverse + (r << 2));
    const factor = f32x4.splat(scale), pull = f32x4.splat(scale * scale * sumLanes(dot) / <f32> d);
    for (let i = 0; i < d; i += 4) {
      const at = row + (i << 2), left = d - i;
      const pushed = f32x4.mul(take(w + (i << 2), left, 0), take(dy + at, left, 0));
      put(dx + at, f32x4.mul(factor, f32x4.sub(pushed, f32x4.mul(take(x + at, left, 0), pull))), left);
    }
  }
}

/** dw[c] = Σ_r x·inverse·dy, groups of four columns from … to−1. */
export function rmsNormGradWeight(
  x: usize,
  inverse: usize,
  dy: usize,
  dw: usize,
  rows: i32,
  d: i32,
  from: i32,
  to: i32,
): void {
  for (let group = from; group < to; group++) {
    const left = d - 4 * group;
    let at: usize = <usize> group << 4, sum = f32x4.splat(0);
    for (let r = 0; r < rows; r++, at += <usize> d << 2) {
      const factor = v128.load_splat<f32>(inverse + (r << 2));
      sum = madd(f32x4.mul(take(x + at, left, 0), factor), take(dy + at, left, 0), sum);
    }
    put(dw + (<usize> group << 4), sum, left);
  }
}

// ── softmax and its logarithm ───────────────────────────────────────────────────────────────────────────────────────

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

// ── feed-forward gate, rotary positions ─────────────────────────────────────────────────────────────────────────────

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

/**
 * Rotates the pair (x[i], x[i + half]) of each row by its position's angle; `sign` −1 turns back. Row r stands at
 * position r mod length of batch r / perBatch; angles [batches or 1, length, half], `angleBatch` 0 or length.
 */
export function rotary(
  x: usize,
  cos: usize,
  sin: usize,
  y: usize,
  half: i32,
  sign: f32,
  length: i32,
  perBatch: i32,
  angleBatch: i32,
  from: i32,
  to: i32,
): void {
  const turn = f32x4.splat(sign), bytes = <usize> half << 2;
  for (let r = from; r < to; r++) {
    const row = 2 * <usize> r * bytes;
    const angle = <usize> ((r / perBatch) * angleBatch + r % length) * bytes;
    for (let i = 0; i < half; i += 4) {
      const at = row + (<usize> i << 2), left = half - i;
      const a = take(x + at, left, 0), b = take(x + at + bytes, left, 0);
      const c = take(cos + angle + (<usize> i << 2), left, 0);
      const s = f32x4.mul(turn, take(sin + angle + (<usize> i << 2), left, 0));
      put(y + at, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)), left);
      put(y + at + bytes, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)), left);
    }
  }
}

// ── rows moved ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Copies `bytes` bytes from every `fromStride` to every `toStride`, blocks from … to−1. */
export function copyBlocks(
  source: usize,
  target: usize,
  bytes: i32,
  sourceStride: i32,
  targetStride: i32,
  from: i32,
  to: i32,
): void {
  for (let i = from; i < to; i++) {
    memory.copy(target + <usize> i * targetStride, source + <usize> i * sourceStride, bytes);
  }
}

/** Row i of out = row indices[i] of table, rows of `bytes` bytes, from … to−1. */
export function gatherRows(table: usize, indices: usize, out: usize, bytes: i32, from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    const row = load<i32>(indices + (<usize> i << 2));
    memory.copy(out + <usize> i * bytes, table + <usize> row * bytes, bytes);
  }
}

// ── embedding gradient ──────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Adds row i of values [n, width] to row indices[i] of table [rows, width], for table rows from … to−1, in the order of
 * i. The rows of the part are zeroed first.
 */
export function rowScatterAdd(
  values: usize,
  indices: usize,
  table: usize,
  n: i32,
  width: i32,
  from: i32,
  to: i32,
): void {
  const bytes = <usize> width << 2;
  memory.fill(table + <usize> from * bytes, 0, <usize> (to - from) * bytes);
  for (let i = 0; i < n; i++) {
    const row = load<i32>(indices + (<usize> i << 2));
    if (row < from || row >= to) continue;
    const value = values + <usize> i * bytes, out = table + <usize> row * bytes;
    for (let c = 0; c < width; c += 4) {
      const at = <usize> c << 2, left = width - c;
      put(out + at, f32x4.add(take(out + at, left, 0), take(value + at, left, 0)), left);
    }
  }
}
