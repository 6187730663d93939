import type { Result } from "../core/results.ts";

/** Steps of each stage that are compared where devices differ, unless told: later ones drift apart by themselves. */
export const STEPS_OF_TOLERANCE = 10;

/** Largest relative difference of a number of a step that is computed by 32-bit sums in another order. */
const RELATIVE = 1e-3;

/** Differences below this are none, whatever the number. */
const ABSOLUTE = 1e-3;

/** Whether a number of a step counts as the same on two devices. */
export function sameStep(one: number, other: number): boolean {
  return Math.abs(one - other) <= ABSOLUTE + RELATIVE * Math.max(Math.abs(one), Math.abs(other));
}

/** Whether two means count as the same on two devices: each within the other's interval, or equal to 1e-3. */
export function sameResult({ mean, interval95 }: Result, other: Result): boolean {
  if (mean === null || other.mean === null) return mean === other.mean;
  if (Math.abs(mean - other.mean) <= ABSOLUTE) return true;
  const [least, most] = interval95 ?? [mean, mean];
  return other.mean >= least && other.mean <= most;
}
