// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { expDown4 } from "./elementary.ts";
import { exponentials } from "./exponentials.ts";
import { madd, put, sumLanes, take } from "./lanes.ts";
import { scratchOf } from "./matrix_product.ts";
import { dots, mix } from "./vectors.ts";

/*
 * Rows of qkv hold `heads` queries, `kvHeads` keys and as many values, `head` wide each. Token t of a sequence sees the
 * columns from … to−1 and own … t of it: spans [sequences, length, 3].
 */

/**
 * y[t] = Σ_j softmax_j(scale·q_t·k_j) v_j and logTotals[t] = log Σ_j e^(scale·q_t·k_j) over what t sees. A unit of work
 * is a head of a sequence.
 */
export function attention(
  qkv: usize,
  spans: usize,
  y: usize,
  logTotals: usize,
  length: i32,
  heads: i32,
  kvHeads: i32,
  head: i32,
  scale: f32,
  from: i32,
  to: i32,
): void {
  const stride = <usize> (heads + 2 * kvHeads) * head << 2, outStride = <usize> heads * head << 2;
  const scores = scratchOf();
  for (let unit = from; unit < to; unit++) {
    const sequence = unit / heads, h = unit % heads, base = qkv + <usize> sequence * length * stride;
    const keys = base + (<usize> (heads + h / (heads / kvHeads)) * head << 2);
    const values = keys + (<usize> kvHeads * head << 2);
    let span = spans + <usize> sequence * length * 12;
    for (let t = 0; t < length; t++, span += 12) {
      const low = load<i32>(span), first = max(0, load<i32>(span, 4) - low), own = load<i32>(span, 8);
      const second = t + 1 - own, count = first + second;
      const q = base + <usize> t * stride + (<usize> h * head << 2);
      dots(q, keys + <usize> low * stride, stride, scores, first, head);
      dots(q, keys + <usize> own * stride, stride, scores + (<usize> first << 2), second, head);
      const total = exponentials(scores, count, scale);
      const row = sequence * length + t;
      store<f32>(logTotals + (<usize> (row * heads + h) << 2), total);
      const out = y + <usize> row * outStride + (<usize> h * head << 2);
      memory.fill(out, 0, <usize> head << 2);
      mix(scores, 4, values + <usize> low * stride, stride, out, first, head);
      mix(scores + (<usize> first << 2), 4, values + <usize> own * stride, stride, out, second, head);
    }
  }
}

/** Floats of working memory for the weights and slopes of a block of queries. */
const BLOCK_FLOATS: i32 = 40000;

/**
 * The gradient of the same by qkv. A unit of work is a key head of a sequence, with the query heads that it serves.
 * Weights and slopes are kept for a block of queries, as matrices [queries, length], so that each key then gathers
 * what is its own in one go.
 */
export function attentionGrad(
  qkv: usize,
  spans: usize,
  y: usize,
  logTotals: usize,
  dy: usize,
  dQkv: usize,
  length: i32,
  heads: i32,
  kvHeads: i32,
  head: i32,
  scale: f32,
  from: i32,
  to: i32,
): void {
  const stride = <usize> (heads + 2 * kvHeads) * head << 2, outStride = <usize> heads * head << 2;
  const headBytes = <usize> head << 2, valuesAt = <usize> kvHeads * headBytes, group = heads / kvHeads;
  const block = max(1, min(length, BLOCK_FLOATS / (2 * length))), rowBytes = <usize> length << 2;
  const weights = scratchOf(), slopes = weights + <usize> block * rowBytes;
  for (let unit = from; unit < to; unit++) {
    const sequence = unit / kvHeads, k = unit % kvHeads, rows = <usize> sequence * length;
    const base = qkv + rows * stride, dBase = dQkv + rows * stride, keysAt = <usize> (heads + k) * headBytes;
    for (let t = 0; t < length; t++) {
      memory.fill(dBase + <usize> t * stride + keysAt, 0, headBytes);
      memory.fill(dBase + <usize> t * stride + keysAt + valuesAt, 0, headBytes);
    }
    for (let h = k * group; h < (k + 1) * group; h++) {
      const headAt = <usize> h * headBytes;
      for (let begin = 0; begin < length; begin += block) {
        const end = min(length, begin + block);
        memory.fill(weights, 0, <usize> block * rowBytes * 2);
        for (let t = begin; t < end; t++) {
          const span = spans + (rows + t) * 12, row = rows + t;
          const low = load<i32>(span), first = max(0, load<i32>(span, 4) - low), own = load<i32>(span, 8);
          const q = base + <usize> t * stride + headAt, dq = dBase + <usize> t * stride + headAt;
          const up = dy + row * outStride + headAt, down = load<f32>(logTotals + (row * heads + h << 2));
          const along = product(up, y + row * outStride + headAt, head);
          const w = weights + <usize> (t - begin) * rowBytes, s = slopes + <usize> (t - begin) * rowBytes;
          memory.fill(dq, 0, headBytes);
          for (let part = 0; part < 2; part++) {
            const at = part == 0 ? low : own, count = part == 0 ? first : t + 1 - own;
            const keys = base + <usize> at * stride + keysAt, shift = <usize> at << 2;
            dots(q, keys, stride, w + shift, count, head);
            dots(up, keys + valuesAt, stride, s + shift, count, head);
            slopesOf(w + shift, s + shift, count, scale, down, along);
            mix(s + shift, 4, keys, stride, dq, count, head);
          }
        }
        // A token is seen by none before it.
        for (let j = 0; j < end; j++) {
          const t = max(begin, j), at = <usize> (t - begin) * rowBytes + (<usize> j << 2), count = end - t;
          const d = dBase + <usize> j * stride + keysAt, q = base + <usize> t * stride + headAt;
          mix(slopes + at, rowBytes, q, stride, d, count, head);
          mix(
            weights + at,
            rowBytes,
            dy + (rows + t) * outStride + headAt,
            outStride,
            d + valuesAt,
            count,
            head,
          );
        }
      }
    }
  }
}

/** weights: scores → softmax weights; slopes: dy·v → scale·weight·(dy·v − dy·y). */
function slopesOf(weights: usize, slopes: usize, count: i32, scale: f32, shift: f32, along: f32): void {
  const factor = f32x4.splat(scale), down = f32x4.splat(shift), mean = f32x4.splat(along);
  for (let j = 0; j < count; j += 4) {
    const at = <usize> j << 2, left = count - j;
    const p = expDown4(f32x4.sub(f32x4.mul(factor, take(weights + at, left, 0)), down));
    put(weights + at, p, left);
    put(slopes + at, f32x4.mul(factor, f32x4.mul(p, f32x4.sub(take(slopes + at, left, 0), mean))), left);
  }
}

function product(a: usize, b: usize, d: i32): f32 {
  let sum = f32x4.splat(0);
  for (let i = 0; i < d; i += 4) {
    const at = <usize> i << 2, left = d - i;
    sum = madd(take(a + at, left, 0), take(b + at, left, 0), sum);
  }
  return sumLanes(sum);
}
