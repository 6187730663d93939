import type { PairedDifference } from "../core/results.ts";
import { bootstrapMeans, DEFAULT_RESAMPLES } from "../numerics/bootstrap.ts";
import { percentileInterval } from "../numerics/interval.ts";
import type { RandomKey } from "../numerics/random.ts";

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
  { resamples = DEFAULT_RESAMPLES, key }: { readonly resamples?: number; readonly key: RandomKey },
): PairedDifference | undefined {
  if (values.length !== reference.length) {
    throw new RangeError(
      `Cannot pair systems: both must have a value per context, got ${values.length} and ${reference.length}`,
    );
  }
  const differences = values.map((value, context) => value - reference[context]!)
    .filter((difference) => !Number.isNaN(difference));
  if (differences.length === 0) return undefined;
  const means = bootstrapMeans(differences, resamples, key);
  const atMost = means.reduce((count, mean) => count + Number(mean <= 0), 0);
  const atLeast = means.reduce((count, mean) => count + Number(mean >= 0), 0);
  return {
    difference: differences.reduce((sum, difference) => sum + difference, 0) / differences.length,
    interval95: percentileInterval(means),
    p: Math.min(1, 2 * (Math.min(atMost, atLeast) + 1) / (resamples + 1)),
  };
}
