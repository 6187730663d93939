/** What a metric gives back instead of a number when it has no value: neither zero nor NaN. */
export interface NotDefined {
  /** Why. */
  readonly notDefined: string;
}

/**
 * Says that a metric has no value here, and why. Such a slate or context is left out of every mean and counted by
 * its reason, so use few, fixed sentences.
 *
 * @example
 * ```ts
 * import { notDefined } from "blade";
 * import { assertEquals } from "@std/assert";
 * const shareOfHits = (hits: number, relevant: number) =>
 *   relevant === 0 ? notDefined("no relevant item") : hits / relevant;
 * assertEquals(shareOfHits(1, 2), 0.5);
 * assertEquals(shareOfHits(0, 0), { notDefined: "no relevant item" });
 * ```
 */
export function notDefined(reason: string): NotDefined {
  return { notDefined: reason };
}

/**
 * Whether a metric's answer is `notDefined(…)`.
 *
 * @example
 * ```ts
 * import { isNotDefined, notDefined } from "./not_defined.ts";
 * import { assert, assertEquals } from "@std/assert";
 * assert(isNotDefined(notDefined("no relevant item")));
 * assertEquals(isNotDefined(0), false);
 * ```
 */
export function isNotDefined(value: unknown): value is NotDefined {
  return typeof value === "object" && value !== null && "notDefined" in value &&
    typeof value.notDefined === "string";
}
