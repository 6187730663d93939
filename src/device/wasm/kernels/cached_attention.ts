// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

import { unshared } from "./exponentials.ts";
import { put, take } from "./lanes.ts";
import { scratchOf } from "./matrix_product.ts";
import { dots, mix } from "./vectors.ts";

/**
 * y[r] = attention of the newest pick r over the history of context r / groupSize, from the column that its last token's
 * span begins at, over the `at` picks in the cache [rows, capacity, keys | values], and over itself, which enters the
 * cache. Rows of qkv and history hold `heads` queries, `kvHeads` keys and as many values, `head` wide each.
 */
export function cachedAttention(
  qkv: usize,
  history: usize,
  spans: usize,
  cache: usize,
  y: usize,
  length: i32,
  groupSize: i32,
  heads: i32,
  kvHeads: i32,
  head: i32,
  capacity: i32,
  at: i32,
  scale: f32,
  from: i32,
  to: i32,
): void {
  const headBytes = <usize> head << 2, values = <usize> kvHeads * headBytes, pair = 2 * values;
  const queries = <usize> heads * headBytes, stride = queries + pair, made = at + 1;
  const weights = scratchOf();
  for (let r = from; r < to; r++) {
    const context = r / groupSize, own = load<i32>(spans + <usize> (context * length + length - 1) * 12, 8);
    const seen = length - own, later = weights + (<usize> seen << 2);
    const past = history + <usize> (context * length + own) * stride + queries;
    const row = qkv + <usize> r * stride, mine = cache + <usize> (r * capacity) * pair;
    memory.copy(mine + <usize> at * pair, row + queries, pair);
    for (let h = 0; h < heads; h++) {
      const q = row + <usize> h * headBytes, key = <usize> (h / (heads / kvHeads)) * headBytes;
      dots(q, past + key, stride, weights, seen, head);
      dots(q, mine + key, pair, later, made, head);
      const share = f32x4.splat(1 / unshared(weights, seen + made, scale));
      const out = y + <usize> r * queries + <usize> h * headBytes;
      memory.fill(out, 0, headBytes);
      mix(weights, 4, past + key + values, stride, out, seen, head);
      mix(later, 4, mine + key + values, pair, out, made, head);
      for (let i = 0; i < head; i += 4) {
        const to = out + (<usize> i << 2), left = head - i;
        put(to, f32x4.mul(share, take(to, left, 0)), left);
      }
    }
  }
}
