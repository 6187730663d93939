import { log2 } from "../../numerics/logarithms.ts";

/** How long the search waits for answers in all: the user waits for a message. */
const SEARCH_MS = 400;

/**
 * Narrows down the rows of a batch of which one makes the plugin fail, by halves: as many questions as the rows have
 * halves, each with its share of the time. What a process takes to start in between is not counted: a busy machine
 * names the same row, later.
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
  const patience = Math.max(40, SEARCH_MS / Math.ceil(log2(rows + 1)));
  let [from, to] = [0, rows];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (await fails(from, middle, patience)) to = middle;
    else from = middle;
  }
  return [from, to];
}
