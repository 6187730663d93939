import type { Context } from "../core/context.ts";
import type { Popularity } from "../core/dataset.ts";
import { NO_ITEM } from "../core/ids.ts";

/**
 * The system `most-popular`: for everybody the items met most often in training, less those the user has seen.
 *
 * @returns [contexts · cutoff] `ItemIndex`, −1 where nothing unseen is left.
 *
 * @example
 * ```ts
 * import { rankMostPopular } from "./most_popular.ts";
 * import { assertEquals } from "@std/assert";
 * const context = { contextId: 0, user: 0, history: [2], seen: new Set([2]) };
 * assertEquals([...rankMostPopular({ order: [2, 0, 1] }, [context], 2)], [0, 1]);
 * ```
 */
export function rankMostPopular(
  popularity: Pick<Popularity, "order">,
  contexts: readonly Context[],
  cutoff: number,
): Int32Array {
  const lists = new Int32Array(contexts.length * cutoff).fill(NO_ITEM);
  contexts.forEach(({ seen }, row) => {
    let filled = 0;
    for (const item of popularity.order) {
      if (filled === cutoff) break;
      if (!seen.has(item)) lists[row * cutoff + filled++] = item;
    }
  });
  return lists;
}
