/**
 * Quantile of ascending values, linear between the order statistics (type 7 of Hyndman and Fan 1996).
 *
 * @param ascending [n] n ≥ 1
 * @param probability 0 … 1
 *
 * @example
 * ```ts
 * import { quantile } from "./interval.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(quantile([1, 2, 3, 4], 0.5), 2.5);
 * ```
 */
export function quantile(ascending: ArrayLike<number>, probability: number): number {
  const position = (ascending.length - 1) * probability;
  const below = ascending[Math.floor(position)]!;
  const above = ascending[Math.ceil(position)]!;
  return below + (above - below) * (position - Math.floor(position));
}

/**
 * The middle part of ascending values, as much of them as `level` says: a percentile interval.
 *
 * @example
 * ```ts
 * import { percentileInterval } from "./interval.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(percentileInterval([0, 1, 2, 3, 4], 0.5), [1, 3]);
 * ```
 */
export function percentileInterval(
  ascending: ArrayLike<number>,
  level = 0.95,
): readonly [number, number] {
  const tail = (1 - level) / 2;
  return [quantile(ascending, tail), quantile(ascending, 1 - tail)];
}
