import type { ItemIndex } from "../core/ids.ts";
import { NO_ITEM } from "../core/ids.ts";

/**
 * Writes the best unseen items of one context into a list, by falling score, ties by the order of `candidates`.
 * Places that no candidate is left for hold −1.
 *
 * @param scores [items]
 * @param candidates items in the order that decides ties
 * @param list [cutoff] written
 *
 * @example
 * ```ts
 * import { topUnseen } from "./top_unseen.ts";
 * import { assertEquals } from "@std/assert";
 * const list = new Int32Array(3);
 * topUnseen([0.1, 0.9, 0.5, 0.5], [3, 2, 1, 0], new Set([1]), list);
 * assertEquals([...list], [3, 2, 0]);
 * ```
 */
export function topUnseen(
  scores: ArrayLike<number>,
  candidates: readonly ItemIndex[],
  seen: ReadonlySet<ItemIndex>,
  list: Int32Array,
): void {
  list.fill(NO_ITEM);
  let filled = 0;
  for (const item of candidates) {
    const score = scores[item]!;
    if (filled === list.length && score <= scores[list[filled - 1]!]!) continue;
    if (seen.has(item)) continue;
    let place = filled < list.length ? filled++ : filled - 1;
    for (; place > 0 && scores[list[place - 1]!]! < score; place--) list[place] = list[place - 1]!;
    list[place] = item;
  }
}
