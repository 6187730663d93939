import { log2 } from "../../numerics/logarithms.ts";

/** How long the search may take: the user waits for a message. */
const SEARCH_MS = 800;

/**
 * Narrows down the rows of a batch of which one makes the plugin fail, by halves. Bounded in time, so that it may end
 * with several rows.
 *
 * @param rows of the batch
 * @param fails asks about the rows from and to (excluded), and waits so long
 * @returns from and to (excluded)
 *
 * @example
 * ```ts
 * import { findCulprit } from "./culprit.ts";
 * import { assertEquals } from "@std/assert";
 * const found = await findCulprit(100, (from, to) => Promise.resolve(from <= 71 && 71 < to));
 * assertEquals(found, [71, 72]);
 * ```
 */
export async function findCulprit(
  rows: number,
  fails: (from: number, to: number, patienceMs: number) => Promise<boolean>,
): Promise<[from: number, to: number]> {
  const start = performance.now();
  const patience = Math.max(40, SEARCH_MS / 2 / Math.ceil(log2(rows + 1)));
  let [from, to] = [0, rows];
  while (to - from > 1 && performance.now() - start < SEARCH_MS) {
    const middle = (from + to) >> 1;
    if (await fails(from, middle, patience)) to = middle;
    else from = middle;
  }
  return [from, to];
}
