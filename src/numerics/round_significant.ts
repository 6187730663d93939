/**
 * A number rounded to so many significant decimal digits. Rewards are rounded to 12 before they are compared, so
 * that the order in which a metric summed its terms makes no preference between equal slates.
 *
 * @example
 * ```ts
 * import { roundSignificant } from "./round_significant.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * assertNotEquals(0.1 + 0.2, 0.3);
 * assertEquals(roundSignificant(0.1 + 0.2), roundSignificant(0.3));
 * ```
 */
export function roundSignificant(value: number, digits = 12): number {
  // Adding 0 turns −0 into 0: the two compare equal, and should print alike.
  return Number(value.toPrecision(digits)) + 0;
}
