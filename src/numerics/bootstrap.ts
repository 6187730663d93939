import { fastBits } from "./fast_bits.ts";
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
  return bootstrapTogether([values], resamples, key)[0]!;
}

/**
 * The same for several quantities of the same n units: each resample draws units once and takes the mean of every
 * quantity over them. A quantity's means do not depend on the others, and cost little beside the draws.
 *
 * @param columns [quantities][n] numbers, n ≥ 1
 * @returns [quantities][resamples], each ascending
 *
 * @example
 * ```ts
 * import { bootstrapMeans, bootstrapTogether } from "./bootstrap.ts";
 * import { randomKey } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 * const together = bootstrapTogether([[1, 2, 4], [0, 0, 1]], 50, randomKey(1));
 * assertEquals(together[1], bootstrapMeans([0, 0, 1], 50, randomKey(1)));
 * ```
 */
export function bootstrapTogether(
  columns: readonly ArrayLike<number>[],
  resamples: number,
  key: RandomKey,
): Float64Array[] {
  const data = columns.map((column) => Float64Array.from(column));
  const units = data[0]?.length ?? 0;
  const means = data.map(() => new Float64Array(resamples));
  const bits = fastBits(key);
  const draws = new Uint32Array(units);
  const counts = new Int32Array(units);
  for (let resample = 0; resample < resamples; resample++) {
    bits.fill(draws);
    countDraws(draws, counts);
    data.forEach((column, at) => means[at]![resample] = dot(counts, column) / units);
  }
  return means.map((column) => column.sort());
}

/** How often each unit is drawn, from 32 random bits a draw. */
function countDraws(draws: Uint32Array, counts: Int32Array): void {
  const scale = draws.length / 2 ** 32;
  counts.fill(0);
  for (let draw = 0; draw < draws.length; draw++) counts[Math.floor(draws[draw]! * scale)]!++;
}

function dot(counts: Int32Array, values: Float64Array): number {
  // Four sums side by side: one would wait for each addition before the next.
  let [a, b, c, d] = [0, 0, 0, 0];
  const even = values.length & ~3;
  for (let i = 0; i < even; i += 4) {
    a += counts[i]! * values[i]!;
    b += counts[i + 1]! * values[i + 1]!;
    c += counts[i + 2]! * values[i + 2]!;
    d += counts[i + 3]! * values[i + 3]!;
  }
  for (let i = even; i < values.length; i++) a += counts[i]! * values[i]!;
  return a + b + (c + d);
}
