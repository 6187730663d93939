import { pow } from "../numerics/power.ts";

/** An oracle that keeps the best of n slates of the reference, and what its lists reach. */
export interface OracleLevel {
  readonly n: number;
  readonly mean: number;
}

/**
 * How many slates of the reference, of which somebody who knows the reward keeps the best, one list of a method is
 * worth: the n whose best-of-n reaches the same, between two oracles evenly over log n. Bounded by the smallest and the
 * largest n that were measured.
 *
 * @returns null with fewer than two oracles
 * @example
 * ```ts
 * import { slatesWorth } from "./slates_worth.ts";
 * import { assertEquals } from "@std/assert";
 * const oracles = [{ n: 1, mean: 0.25 }, { n: 4, mean: 0.75 }];
 * assertEquals([0, 0.5, 1].map((level) => slatesWorth(level, oracles)), [1, 2, 4]);
 * ```
 */
export function slatesWorth(level: number, oracles: readonly OracleLevel[]): number | null {
  const sorted = [...oracles].sort((a, b) => a.n - b.n);
  const [first] = sorted;
  if (first === undefined || sorted.length < 2) return null;
  if (level <= first.mean) return first.n;
  // The largest oracle that does not reach the level, and the one after it.
  const at = sorted.findLastIndex(({ mean }) => mean <= level);
  const [below, above] = [sorted[at]!, sorted[at + 1]];
  if (above === undefined) return below.n;
  const share = (level - below.mean) / (above.mean - below.mean);
  return below.n * pow(above.n / below.n, share);
}
