import { fastBits } from "../numerics/fast_bits.ts";
import { percentileInterval } from "../numerics/interval.ts";
import type { RandomKey } from "../numerics/random.ts";

/** A mean over seeds and users. */
export interface CrossedMean {
  /** Mean over the seeds of the mean over the users that have a value; null where a seed has none. */
  readonly mean: number | null;
  /** 95 % percentile interval; null where there is nothing to draw from, one seed of one user. */
  readonly interval95: readonly [number, number] | null;
  /** Two-sided p-value of the mean being 0: twice the smaller share of resampled means at or beyond 0, one added. */
  readonly p: number | null;
}

/** Resamples when nobody asks for another number: few enough to wait for, enough for Holm's correction of many tests. */
export const CROSSED_RESAMPLES = 10_000;

/**
 * Means of several quantities with intervals over seeds and users at once. Both are drawn with replacement, each on its
 * own (the pigeonhole bootstrap of Owen 2007, for every user is met with every seed): the interval covers other users
 * and other seeds. Drawn over one seed it covers other users alone; over two or three it is rough.
 *
 * @param quantities [quantities][seeds][users] NaN where undefined; users are the same for all. What is said of one does
 * not depend on the others
 *
 * @example
 * ```ts
 * import { crossedMeans } from "./crossed_bootstrap.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const [sure] = crossedMeans([[[2, 2], [2, 2]]], { key: randomKey(1), resamples: 100 });
 * assertEquals(sure, { mean: 2, interval95: [2, 2], p: 2 / 101 });
 * ```
 */
export function crossedMeans(
  quantities: readonly (readonly ArrayLike<number>[])[],
  { key, resamples = CROSSED_RESAMPLES }: { readonly key: RandomKey; readonly resamples?: number },
): CrossedMean[] {
  const columns = quantities.map((seeds) => seeds.map(columnOf));
  const users = quantities[0]?.[0]?.length ?? 0;
  const means = columns.map(() => new Float64Array(resamples));
  const drawUsers = sampler(users, key.split("users"));
  const drawSeeds = new Map(
    [...new Set(columns.map(({ length }) => length))].map((
      seeds,
    ) => [seeds, sampler(seeds, key.split("seeds", seeds))]),
  );
  for (let resample = 0; resample < resamples; resample++) {
    const userCounts = drawUsers();
    for (const [seeds, draw] of drawSeeds) {
      const seedCounts = draw();
      columns.forEach((bySeed, at) => {
        if (bySeed.length !== seeds) return;
        let sum = 0;
        bySeed.forEach((column, seed) => {
          if (seedCounts[seed]! > 0) sum += seedCounts[seed]! * weightedMean(column, userCounts);
        });
        means[at]![resample] = sum / seeds;
      });
    }
  }
  const ones = new Int32Array(users).fill(1);
  return columns.map((bySeed, at) => {
    const seeds = bySeed.length;
    const mean = bySeed.reduce((sum, column) => sum + weightedMean(column, ones), 0) / seeds;
    if (!Number.isFinite(mean)) return { mean: null, interval95: null, p: null };
    // A resample may hold none of the few users that have a value.
    const drawn = means[at]!.filter((value) => !Number.isNaN(value)).sort();
    if (seeds * users < 2 || drawn.length === 0) return { mean, interval95: null, p: null };
    const atMost = drawn.reduce((count, value) => count + Number(value <= 0), 0);
    const atLeast = drawn.reduce((count, value) => count + Number(value >= 0), 0);
    return {
      mean,
      interval95: percentileInterval(drawn),
      p: Math.min(1, 2 * (Math.min(atMost, atLeast) + 1) / (drawn.length + 1)),
    };
  });
}

interface Column {
  /** [users] 0 where undefined. */
  readonly values: Terms;
  /** [users] 1 where there is a value; null where there is one everywhere. */
  readonly defined: Terms | null;
}

/** Numbers by user, without the zeros where most of them are: three of four lists hit nothing. */
interface Terms {
  readonly values: Float64Array;
  /** The user of each value; null where there is one for every user, in order. */
  readonly users: Int32Array | null;
}

function columnOf(values: ArrayLike<number>): Column {
  const defined = Float64Array.from(values, (value) => Number.isNaN(value) ? 0 : 1);
  return {
    values: termsOf(Float64Array.from(values, (value) => Number.isNaN(value) ? 0 : value)),
    defined: defined.includes(0) ? termsOf(defined) : null,
  };
}

function termsOf(values: Float64Array): Terms {
  const users = Int32Array.from(values.keys()).filter((user) => values[user] !== 0);
  if (users.length > values.length / 2) return { values, users: null };
  return { values: Float64Array.from(users, (user) => values[user]!), users };
}

function weightedMean({ values, defined }: Column, counts: Int32Array): number {
  return dot(counts, values) / (defined === null ? counts.length : dot(counts, defined));
}

function dot(counts: Int32Array, { values, users }: Terms): number {
  if (users !== null) {
    let sum = 0;
    for (let i = 0; i < users.length; i++) sum += counts[users[i]!]! * values[i]!;
    return sum;
  }
  // Two sums side by side: one would wait for each addition before the next.
  let [a, b] = [0, 0];
  const even = values.length & ~1;
  for (let i = 0; i < even; i += 2) {
    a += counts[i]! * values[i]!;
    b += counts[i + 1]! * values[i + 1]!;
  }
  if (even < values.length) a += counts[even]! * values[even]!;
  return a + b;
}

/** Draws so many of so many with replacement, again and again: how often each was drawn. */
function sampler(units: number, key: RandomKey): () => Int32Array {
  const bits = fastBits(key);
  const draws = new Uint32Array(units);
  const counts = new Int32Array(units);
  const scale = units / 2 ** 32;
  return () => {
    bits.fill(draws);
    counts.fill(0);
    for (let draw = 0; draw < units; draw++) counts[Math.floor(draws[draw]! * scale)]!++;
    return counts;
  };
}
