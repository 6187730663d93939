import type { PairedDifference } from "../core/results.ts";
import { bootstrapTogether, DEFAULT_RESAMPLES } from "../numerics/bootstrap.ts";
import { percentileInterval } from "../numerics/interval.ts";
import type { RandomKey } from "../numerics/random.ts";
import { groupByDefined } from "./group_by_defined.ts";

/**
 * How far a system is above another, paired by context over those where both have a value: mean difference, 95 %
 * percentile interval and two-sided p-value of the bootstrap. Undefined where no context has both values.
 *
 * The p-value is twice the smaller share of resampled means at or beyond 0, one resample added to each side, so that
 * it is never 0: 1000 resamples say no more than p = 0.002.
 *
 * @param values [contexts] NaN where undefined
 * @param reference [contexts] NaN where undefined
 * @throws {RangeError} when the two are of different contexts (their lengths differ).
 *
 * @example
 * ```ts
 * import { versusReference } from "./paired.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const better = versusReference(Float64Array.of(2, 3, NaN), Float64Array.of(1, 2, 7), { key: randomKey(1) });
 * assertEquals(better, { difference: 1, interval95: [1, 1], p: 2 / 1001 });
 * ```
 */
export function versusReference(
  values: Float64Array,
  reference: Float64Array,
  resampling: { readonly resamples?: number; readonly key: RandomKey },
): PairedDifference | undefined {
  return pairedDifferences([differencesOf(values, reference)], resampling)[0];
}

/** Values that differ by less than this share of themselves are equal but for the order of additions. */
const ROUNDING = 1e-12;

/**
 * Values less those of another system, by context; NaN where either has none, 0 where they differ by rounding alone.
 *
 * @throws {RangeError} when the two are of different contexts (their lengths differ).
 *
 * @example
 * ```ts
 * import { differencesOf } from "./paired.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(differencesOf(Float64Array.of(3, NaN), Float64Array.of(1, 1)), Float64Array.of(2, NaN));
 * ```
 */
export function differencesOf(values: Float64Array, reference: Float64Array): Float64Array {
  if (values.length !== reference.length) {
    throw new RangeError(
      `Cannot pair systems: both must have a value per context, got ${values.length} and ${reference.length}`,
    );
  }
  return values.map((value, context) => {
    const other = reference[context]!;
    const difference = value - other;
    return Math.abs(difference) < ROUNDING * Math.max(Math.abs(value), Math.abs(other)) ? 0 : difference;
  });
}

/**
 * What `versusReference` says of several columns of differences over the same contexts. Columns that are defined in
 * the same contexts share their resamples.
 *
 * @param columns [columns][contexts] NaN where undefined
 *
 * @example
 * ```ts
 * import { pairedDifferences } from "./paired.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const pairs = pairedDifferences([Float64Array.of(1, 1), Float64Array.of(NaN, NaN)], { key: randomKey(1) });
 * assertEquals(pairs, [{ difference: 1, interval95: [1, 1], p: 2 / 1001 }, undefined]);
 * ```
 */
export function pairedDifferences(
  columns: readonly Float64Array[],
  { resamples = DEFAULT_RESAMPLES, key }: { readonly resamples?: number; readonly key: RandomKey },
): (PairedDifference | undefined)[] {
  const pairs = new Array<PairedDifference | undefined>(columns.length).fill(undefined);
  for (const places of groupByDefined(columns)) {
    const defined = places.map((place) => columns[place]!.filter((value) => !Number.isNaN(value)));
    if (defined[0]!.length === 0) continue;
    bootstrapTogether(defined, resamples, key).forEach((means, at) => {
      const atMost = means.reduce((count, mean) => count + Number(mean <= 0), 0);
      const atLeast = means.reduce((count, mean) => count + Number(mean >= 0), 0);
      pairs[places[at]!] = {
        difference: defined[at]!.reduce((sum, value) => sum + value, 0) / defined[at]!.length,
        interval95: percentileInterval(means),
        p: Math.min(1, 2 * (Math.min(atMost, atLeast) + 1) / (resamples + 1)),
      };
    });
  }
  return pairs;
}
