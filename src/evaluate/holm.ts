/**
 * P-values corrected for being many (Holm 1979): rejecting those below α keeps the chance of any false rejection
 * at most α, whatever their dependence.
 *
 * @param p raw p-values of one family
 * @returns corrected p-values in the same order, at most 1
 *
 * @example
 * ```ts
 * import { holm } from "./holm.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(holm([0.5, 0.01, 0.25]), [0.5, 0.03, 0.5]);
 * ```
 */
export function holm(p: readonly number[]): number[] {
  const ascending = p.map((_, at) => at).sort((a, b) => p[a]! - p[b]!);
  const corrected = new Array<number>(p.length);
  let largest = 0;
  ascending.forEach((at, before) => {
    largest = Math.max(largest, Math.min(1, (p.length - before) * p[at]!));
    corrected[at] = largest;
  });
  return corrected;
}
