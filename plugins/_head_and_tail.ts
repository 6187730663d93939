import { type HistoryTable, type ItemIndex, notDefined, type Popularity } from "blade";
import { isHead, orderOf } from "./_popularity.ts";
import { SHOWN } from "./_shown_counts.ts";

/** Share of the interactions that the head's items hold: Elliot's. */
const HEAD = 0.8;

/** Recommendations of head and of tail, over what could have been recommended. */
export interface HeadAndTail {
  /** 0: head, 1: tail; undefined for an item that is not of the catalog. */
  readonly groupOf: (item: ItemIndex) => 0 | 1 | undefined;
  /** [head, tail] */
  readonly recommended: [number, number];
  /** [head, tail] */
  readonly candidates: [number, number];
}

/**
 * The state before anything was shown.
 *
 * @example
 * ```ts
 * import { headAndTail, unevenness } from "./_head_and_tail.ts";
 * import { assertEquals } from "@std/assert";
 * const counts = Float64Array.of(8, 2, 0);
 * const state = headAndTail({ counts, users: counts, totalInteractions: 10, totalUsers: 8, order: [0, 1, 2] }, 3);
 * assertEquals([0, 1, 2, 3].map(state.groupOf), [0, 1, 1, undefined]);
 * state.recommended.splice(0, 2, 2, 1);
 * state.candidates.splice(0, 2, 4, 6);
 * assertEquals(unevenness(state), (1 / 2 - 1 / 6) / (1 / 2 + 1 / 6));
 * ```
 */
export function headAndTail(popularity: Popularity, catalogSize: number): HeadAndTail {
  const order = orderOf(popularity);
  return {
    groupOf: (item) => item < 0 || item >= catalogSize ? undefined : isHead(order, item, HEAD) ? 0 : 1,
    recommended: [0, 0],
    candidates: [0, 0],
  };
}

/**
 * How many distinct items of a history are of head and of tail.
 *
 * @example
 * ```ts
 * import { metOf } from "./_head_and_tail.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(metOf({ of: () => [5, 5, 6] }, 0, (item) => item === 5 ? 0 : 1), [1, 1]);
 * ```
 */
export function metOf(
  history: HistoryTable,
  contextId: number,
  groupOf: HeadAndTail["groupOf"],
): [head: number, tail: number] {
  const met: [number, number] = [0, 0];
  for (const item of new Set(history.of(contextId))) {
    const group = groupOf(item);
    if (group !== undefined) met[group] += 1;
  }
  return met;
}

/** Standard deviation over mean of the two rates, which of two numbers is |a − b| / (a + b). */
export function unevenness(
  { recommended, candidates }: HeadAndTail,
): number | ReturnType<typeof notDefined> {
  if (candidates[0] <= SHOWN) return notDefined("no candidate of the head");
  if (candidates[1] <= SHOWN) return notDefined("no candidate of the tail");
  const head = Math.max(0, recommended[0]) / candidates[0];
  const tail = Math.max(0, recommended[1]) / candidates[1];
  return Math.max(...recommended) > SHOWN
    ? Math.abs(head - tail) / (head + tail)
    : notDefined("nothing of head or tail is recommended");
}
