import { type ItemIndex, log2, type Popularity, type Ranks, type Slate } from "blade";
import { discount } from "./_discount.ts";
import { perObject } from "./_memo.ts";
import { gainsByPlace } from "./_relevance.ts";

/**
 * Share of the users that do not know the item; 1 for an item never seen in training.
 *
 * @example
 * ```ts
 * import { unknownToUsers } from "./_novelty.ts";
 * import { assertEquals } from "@std/assert";
 * const popularity = { counts: Float64Array.of(4), users: Float64Array.of(3), totalInteractions: 4, totalUsers: 4, order: [0] };
 * assertEquals([unknownToUsers(popularity, 0), unknownToUsers(popularity, 9)], [1 / 4, 1]);
 * ```
 */
export function unknownToUsers({ users, totalUsers }: Popularity, item: ItemIndex): number {
  return 1 - (users[item] ?? 0) / totalUsers;
}

/**
 * Self-information of the item's share of the interactions, in bits; an item never seen in training has as much as the
 * rarest that was.
 *
 * @example
 * ```ts
 * import { selfInformation } from "./_novelty.ts";
 * import { assertEquals } from "@std/assert";
 * const counts = Float64Array.of(4, 2, 2, 0);
 * const popularity = { counts, users: counts, totalInteractions: 8, totalUsers: 8, order: [0, 1, 2, 3] };
 * assertEquals([0, 1, 3].map((item) => selfInformation(popularity, item)), [1, 2, 2]);
 * ```
 */
export function selfInformation(popularity: Popularity, item: ItemIndex): number {
  const count = popularity.counts[item] ?? 0;
  return log2(popularity.totalInteractions / (count > 0 ? count : rarest(popularity)));
}

const rarest = perObject(({ counts }: Popularity) =>
  counts.reduce((least, count) => count > 0 && count < least ? count : least, Infinity)
);

/**
 * The novelty of the relevant items of a slate, each place weighed by its discount, over the weight of all places.
 *
 * @example
 * ```ts
 * import { discountedNovelty } from "./_novelty.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(discountedNovelty([4, -1, 5], [1, 2, 3], new Map([[4, 1]]), () => 1), 1 / (1 + 1 / Math.log2(3) + 1 / 2));
 * ```
 */
export function discountedNovelty(
  slate: Slate,
  ranks: Ranks,
  relevant: ReadonlyMap<ItemIndex, number>,
  noveltyOf: (item: ItemIndex) => number,
): number {
  let [found, weight] = [0, 0];
  gainsByPlace(slate, relevant).forEach((gain, place) => {
    const placeWeight = discount(ranks[place]!);
    weight += placeWeight;
    if (gain > 0) found += placeWeight * noveltyOf(slate[place]!);
  });
  return weight === 0 ? 0 : found / weight;
}
