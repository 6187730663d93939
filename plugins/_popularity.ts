import type { ItemIndex, Popularity } from "blade";
import { perObject } from "./_memo.ts";

/** Where each item stands by its training count. */
export interface PopularityOrder {
  /** Items that training met. */
  readonly met: number;
  /** [items] from 0: place by falling count, ties by rising index. */
  readonly fromTop: Int32Array;
  /** [items] from 0: place by rising count, ties by rising index, among the items that training met; else −1. */
  readonly fromBottom: Int32Array;
  /** The last by falling count, one that training never met where there is one; −1 without items. */
  readonly leastPopular: ItemIndex;
  /** [items] from 1: rank by falling count, equal counts on one rank; 0 for items that training never met. */
  readonly denseRank: Int32Array;
  /** [items] interactions of the most popular items up to a place. */
  readonly interactionsUpTo: Float64Array;
}

/**
 * The items' order by popularity, worked out once for a table of counts.
 *
 * @example
 * ```ts
 * import { orderOf } from "./_popularity.ts";
 * import { assertEquals } from "@std/assert";
 * const counts = Float64Array.of(1, 0, 5, 1);
 * const order = orderOf({ counts, users: counts, totalInteractions: 7, totalUsers: 7, order: [2, 0, 3, 1] });
 * assertEquals(order.denseRank, Int32Array.of(2, 0, 1, 2));
 * assertEquals(order.fromBottom, Int32Array.of(0, -1, 2, 1));
 * ```
 */
export const orderOf: (popularity: Popularity) => PopularityOrder = perObject(({ counts, order }) => {
  const items = counts.length;
  const fromTop = new Int32Array(items);
  const fromBottom = new Int32Array(items).fill(-1);
  const denseRank = new Int32Array(items);
  const interactionsUpTo = new Float64Array(items);
  let [rank, sum, last] = [0, 0, NaN];
  order.forEach((item, place) => {
    const count = counts[item]!;
    fromTop[item] = place;
    interactionsUpTo[place] = sum += count;
    if (count <= 0) return;
    if (count !== last) rank += 1;
    last = count;
    denseRank[item] = rank;
  });
  const met = order.filter((item) => counts[item]! > 0).sort((a, b) => counts[a]! - counts[b]! || a - b);
  met.forEach((item, place) => fromBottom[item] = place);
  const leastPopular = met.length < items ? order[items - 1]! : met[0] ?? -1;
  return { met: met.length, fromTop, fromBottom, leastPopular, denseRank, interactionsUpTo };
});

/**
 * Whether an item is of the head: the most popular items, first to last until they hold a share of the interactions.
 *
 * @example
 * ```ts
 * import { isHead, orderOf } from "./_popularity.ts";
 * import { assertEquals } from "@std/assert";
 * const counts = Float64Array.of(1, 0, 5, 1);
 * const order = orderOf({ counts, users: counts, totalInteractions: 7, totalUsers: 7, order: [2, 0, 3, 1] });
 * assertEquals([0, 1, 2, 3].map((item) => isHead(order, item, 0.8)), [true, false, true, false]);
 * ```
 */
export function isHead(
  { fromTop, interactionsUpTo }: PopularityOrder,
  item: ItemIndex,
  share: number,
): boolean {
  const place = fromTop[item];
  if (place === undefined) return false;
  const before = place === 0 ? 0 : interactionsUpTo[place - 1]!;
  const all = interactionsUpTo[interactionsUpTo.length - 1]!;
  // The items before it hold less than the share, but for rounding.
  return before < share * all - 1e-9 * all;
}
