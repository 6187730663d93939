import { log } from "./logarithms.ts";
import { cos } from "./trigonometry.ts";

/**
 * Random numbers from counters: a key and a counter give the same number on every machine, whatever was drawn
 * before. A run has one key; each use splits its own from it by name and by step.
 */
export interface RandomKey {
  /** A key of its own for a named use: `key.split("rollout", step, contextId)`. */
  split(...path: readonly (string | number)[]): RandomKey;
  /** The key as two 32-bit integers, for those who compute `bits` elsewhere. */
  readonly words: readonly [high: number, low: number];
  /** 32 random bits at a counter, as an integer 0 … 2³²−1. */
  bits(counter: number): number;
  /** Uniform in (0, 1), open at both ends, from 32 bits. */
  uniform(counter: number): number;
  /** Fills `out` with standard Gumbel noise −log(−log u), counters `from`, `from`+1 … */
  fillGumbel(out: Float32Array | Float64Array, from?: number): void;
  /** Fills `out` with standard normal numbers (Box-Muller), counters 2·`from` … */
  fillNormal(out: Float32Array | Float64Array, from?: number): void;
  /** The integers 0 … length−1 in random order (Fisher-Yates). */
  permutation(length: number): Int32Array;
}

/**
 * The root key of a seed.
 *
 * @example
 * ```ts
 * import { randomKey } from "./random.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const key = randomKey(1);
 * assertEquals(key.split("rollout", 3).uniform(0), randomKey(1).split("rollout", 3).uniform(0));
 * assertNotEquals(key.split("rollout", 3).bits(0), key.split("rollout", 4).bits(0));
 * ```
 */
export function randomKey(seed: number): RandomKey {
  return keyOfWords(
    mix(seed | 0, 0x9e3779b9),
    mix(Math.floor(seed / 2 ** 32) | 0, 0x7f4a7c15 ^ seed),
  );
}

/** The key that has these words. */
export function keyOfWords(high: number, low: number): RandomKey {
  const bits = (counter: number) =>
    mix(mix(counter | 0, low) ^ high, Math.floor(counter / 2 ** 32) ^ low) >>>
    0;
  const uniform = (counter: number) => (bits(counter) + 0.5) * 2 ** -32;
  return {
    words: [high, low],
    split(...path) {
      let [a, b] = [high, low];
      for (const part of path) {
        for (const word of words(part)) {
          [a, b] = [mix(a ^ word, b), mix(b + 0x9e3779b9 | 0, a ^ word)];
        }
      }
      return keyOfWords(a, b);
    },
    bits,
    uniform,
    fillGumbel(out, from = 0) {
      for (let i = 0; i < out.length; i++) {
        out[i] = -log(-log(uniform(from + i)));
      }
    },
    fillNormal(out, from = 0) {
      for (let i = 0; i < out.length; i++) {
        const radius = Math.sqrt(-2 * log(uniform(2 * (from + i))));
        out[i] = radius * cos(2 * Math.PI * uniform(2 * (from + i) + 1));
      }
    },
    permutation(length) {
      const order = Int32Array.from({ length }, (_, i) => i);
      for (let i = length - 1; i > 0; i--) {
        const j = Math.floor(uniform(i) * (i + 1));
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order;
    },
  };
}

/** Two rounds of a 32-bit finalizer (lowbias32) keyed by `salt`. */
function mix(value: number, salt: number): number {
  let x = value ^ salt;
  for (let round = 0; round < 2; round++) {
    x ^= x >>> 16;
    x = Math.imul(x, 0x7feb352d);
    x ^= x >>> 15;
    x = Math.imul(x, 0x846ca68b);
    x ^= x >>> 16;
    x = (x + Math.imul(salt, 0x9e3779b1)) | 0;
  }
  return x;
}

function words(part: string | number): number[] {
  if (typeof part === "number") {
    return [part | 0, Math.floor(part / 2 ** 32) | 0];
  }
  const codes = [part.length];
  for (let i = 0; i < part.length; i++) codes.push(part.charCodeAt(i));
  return codes;
}
