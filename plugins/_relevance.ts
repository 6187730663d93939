import type { Context, ItemIndex, Ranks, Relevance, Slate } from "blade";
import { notDefined, oneOf } from "blade";

/** Options that every metric of relevance takes. */
export const relevanceOptions = {
  /** An item is relevant when its gain is above 0 and at least this. */
  threshold: 0,
  /** What a context without a relevant item is worth: left out of the mean and counted, or 0. */
  empty: oneOf("undefined", "zero"),
} as const;

/**
 * The relevant items of a context with their gains.
 *
 * @example
 * ```ts
 * import { relevantOf } from "./_relevance.ts";
 * import { assertEquals } from "@std/assert";
 * const relevance = { of: () => new Map([[4, 1], [7, 3], [9, 0]]) };
 * const context = { contextId: 0, user: 0, history: [], seen: new Set<number>() };
 * assertEquals([...relevantOf(relevance, context, 2)], [[7, 3]]);
 * assertEquals([...relevantOf(relevance, context, 0).keys()], [4, 7]);
 * ```
 */
export function relevantOf(
  relevance: Relevance,
  context: Context,
  threshold: number,
): ReadonlyMap<ItemIndex, number> {
  const gains = relevance.of(context.contextId);
  for (const gain of gains.values()) {
    if (gain <= 0 || gain < threshold) {
      return new Map([...gains].filter(([, gain]) => gain > 0 && gain >= threshold));
    }
  }
  return gains;
}

/**
 * Value of a context in which nothing is relevant.
 *
 * @example
 * ```ts
 * import { valueWithoutRelevant } from "./_relevance.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(valueWithoutRelevant("zero"), 0);
 * assertEquals(valueWithoutRelevant("undefined"), { notDefined: "no relevant item" });
 * ```
 */
export function valueWithoutRelevant(
  empty: "undefined" | "zero",
): 0 | ReturnType<typeof notDefined> {
  return empty === "zero" ? 0 : notDefined("no relevant item");
}

/** A relevant item that a slate holds. */
export interface Hit {
  /** From 1. */
  readonly rank: number;
  readonly gain: number;
}

/**
 * The relevant items that a slate holds, by rising rank; an item that stands there twice counts where it is first.
 *
 * @example
 * ```ts
 * import { hitsOf } from "./_relevance.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(hitsOf([5, 7, 7, 4], [1, 2, 3, 4], new Map([[7, 1], [4, 2]])), [
 *   { rank: 2, gain: 1 },
 *   { rank: 4, gain: 2 },
 * ]);
 * ```
 */
export function hitsOf(slate: Slate, ranks: Ranks, relevant: ReadonlyMap<ItemIndex, number>): Hit[] {
  const hits: Hit[] = [];
  slate.forEach((item, place) => {
    const gain = relevant.get(item);
    if (gain !== undefined && slate.indexOf(item) === place) hits.push({ rank: ranks[place]!, gain });
  });
  return hits;
}

/**
 * How many ranks count: the cutoff, or for the whole list the rank of its last item.
 *
 * @example
 * ```ts
 * import { depthOf } from "./_relevance.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(depthOf([1, 2, 3], 10), 10);
 * assertEquals(depthOf([1, 2, 3], undefined), 3);
 * ```
 */
export function depthOf(ranks: Ranks, cutoff: number | undefined): number {
  return cutoff ?? ranks.at(-1) ?? 0;
}

/**
 * The gains of a slate's places: 0 where nothing, or nothing relevant, stands, and where an item stands again.
 *
 * @returns [K]
 * @example
 * ```ts
 * import { gainsByPlace } from "./_relevance.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(gainsByPlace([5, 7, -1, 7], new Map([[7, 2]])), [0, 2, 0, 0]);
 * ```
 */
export function gainsByPlace(slate: Slate, relevant: ReadonlyMap<ItemIndex, number>): number[] {
  return slate.map((item, place) => slate.indexOf(item) === place ? relevant.get(item) ?? 0 : 0);
}
