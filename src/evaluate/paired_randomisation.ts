import { fastBits } from "../numerics/fast_bits.ts";
import type { RandomKey } from "../numerics/random.ts";

/** Random assignments of signs when nobody asks for another number. */
export const DEFAULT_FLIPS = 10_000;

/** Up to so many differences all assignments are counted, which is exact and fewer than would be drawn. */
const EXACT_UP_TO = 12;

/** Sums that differ by less than this share of all differences are equal but for rounding. */
const ROUNDING = 1e-12;

/**
 * The two-sided paired randomisation test (Fisher 1935): if two systems were alike, each user's difference could as
 * well have the other sign. The p-value is the share of sign assignments whose mean is at least as far from 0 as the
 * mean found. Differences of 0 change nothing and are left out. With at most 12 others every assignment is counted;
 * with more, `flips` random ones and the one found, so that p is never below 1 / (flips + 1).
 *
 * @param differences by user
 * @param flips 10,000 when left out
 *
 * @example
 * ```ts
 * import { randomisationP } from "./paired_randomisation.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * // Of the 8 assignments of signs to 1, 2 and 3 only +++ and −−− reach 6.
 * assertEquals(randomisationP(Float64Array.of(1, 2, 0, 3), { key: randomKey(1) }), 2 / 8);
 * ```
 */
export function randomisationP(
  differences: Float64Array,
  { flips = DEFAULT_FLIPS, key }: { readonly flips?: number; readonly key: RandomKey },
): number {
  const differing = differences.filter((difference) => difference !== 0);
  if (differing.length <= EXACT_UP_TO) {
    const sums = signedSums(differing);
    return countAsFar(sums, differing) / sums.length;
  }
  return (1 + countAsFar(randomSums(differing, flips, key), differing)) / (1 + flips);
}

function countAsFar(sums: Float64Array, differences: Float64Array): number {
  const found = Math.abs(differences.reduce((sum, difference) => sum + difference, 0));
  const slack = ROUNDING * differences.reduce((sum, difference) => sum + Math.abs(difference), 0);
  return sums.reduce((count, sum) => count + Number(Math.abs(sum) >= found - slack), 0);
}

/** [2^n] the sum of n differences under every assignment of signs: bit j says whether difference j keeps its own. */
function signedSums(differences: Float64Array): Float64Array {
  const sums = new Float64Array(2 ** differences.length);
  sums[0] = -differences.reduce((sum, difference) => sum + difference, 0);
  for (let signs = 1; signs < sums.length; signs++) {
    const lowest = 31 - Math.clz32(signs & -signs);
    sums[signs] = sums[signs & (signs - 1)]! + 2 * differences[lowest]!;
  }
  return sums;
}

/**
 * [flips] sums under random signs. Eight differences have 256 signed sums, so that a byte of random bits looks up
 * what would be eight additions.
 */
function randomSums(differences: Float64Array, flips: number, key: RandomKey): Float64Array {
  const sums = new Float64Array(flips);
  const words = new Uint32Array(flips);
  const bits = fastBits(key);
  for (let from = 0; from < differences.length; from += 32) {
    const [a, b, c, d] = [0, 8, 16, 24].map((at) =>
      signedSums(differences.subarray(from + at, from + at + 8))
    ) as [Float64Array, Float64Array, Float64Array, Float64Array];
    bits.fill(words);
    for (let flip = 0; flip < flips; flip++) {
      const word = words[flip]!;
      // A last, shorter part has fewer sums, a power of two of them.
      sums[flip]! += a[word & (a.length - 1)]! + b[(word >>> 8) & (b.length - 1)]! +
        c[(word >>> 16) & (c.length - 1)]! + d[(word >>> 24) & (d.length - 1)]!;
    }
  }
  return sums;
}
