import { oneOf, pow } from "blade";
import { relevanceOptions } from "./_relevance.ts";

/** How much of an item's gain counts. */
export type GainName = "linear" | "exponential" | "binary";

/** Options of the metrics that add up gains. */
export const gainOptions = {
  ...relevanceOptions,
  /** `linear`: the gain itself; `exponential`: 2^gain − 1; `binary`: 1. */
  gain: oneOf("linear", "exponential", "binary"),
} as const;

/**
 * What a gain is worth.
 *
 * @example
 * ```ts
 * import { worth } from "./_gain.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([worth("linear", 3), worth("exponential", 3), worth("binary", 3)], [3, 7, 1]);
 * ```
 */
export function worth(name: GainName, gain: number): number {
  return name === "linear" ? gain : name === "binary" ? 1 : pow(2, gain) - 1;
}

/** Why a sum of gains has no value. */
export const TOO_LARGE = "the gains are too large to add up";
