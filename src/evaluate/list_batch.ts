import type { Context } from "../core/context.ts";
import { BladeError } from "../core/errors.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { MetricBatch } from "../reward/metric.ts";
import type { GroupedRows } from "./group_rows.ts";
import type { ListRows } from "./list_columns.ts";

/** Places of a batch at most: some 400 MB. */
const MOST_PLACES = 5e7;

/**
 * The lists of a system as one batch, a row per context, an item's place being its rank: a gap stays empty, a context
 * without a list is an empty row. Where items share a rank they stand side by side and `ranks` says so.
 *
 * @param lists rows of the table
 * @param ranked those rows by user, best first
 * @param cutoff ranks beyond it are not needed; undefined for whole lists
 * @throws {BladeError} when gaps are so wide that the batch would not fit in memory.
 *
 * @example
 * ```ts
 * import { groupRows } from "./group_rows.ts";
 * import { listBatch } from "./list_batch.ts";
 * import { assertEquals } from "@std/assert";
 * const lists = { users: Int32Array.of(0, 0, 1), items: Int32Array.of(7, 8, 7), ranks: Int32Array.of(3, 1, 1) };
 * const context = (contextId: number) => ({ contextId, user: contextId, history: [], seen: new Set<number>() });
 * const batch = listBatch(lists, groupRows(lists.users, 2, lists.ranks), [context(0), context(1)], undefined);
 * assertEquals([...batch.items], [8, -1, 7, 7, -1, -1]);
 * ```
 */
export function listBatch(
  { items, ranks }: ListRows,
  { offsets, rows }: GroupedRows,
  contexts: readonly Context[],
  cutoff = Infinity,
): MetricBatch {
  let hasTies = false;
  for (let user = 0; user < contexts.length && !hasTies; user++) {
    for (let at = offsets[user]! + 1; at < offsets[user + 1]! && !hasTies; at++) {
      const rank = ranks[rows[at]!]!;
      hasTies = rank <= cutoff && rank === ranks[rows[at - 1]!];
    }
  }
  const place = (visit: (user: number, place: number, row: number) => void) => {
    for (let user = 0; user < contexts.length; user++) {
      let next = 0;
      for (let at = offsets[user]!; at < offsets[user + 1]!; at++) {
        const row = rows[at]!;
        if (ranks[row]! > cutoff) break;
        const there = hasTies ? Math.max(next, ranks[row]! - 1) : ranks[row]! - 1;
        visit(user, there, row);
        next = there + 1;
      }
    }
  };
  let width = 0;
  place((_, there) => width = Math.max(width, there + 1));
  if (width * contexts.length > MOST_PLACES) throw tooWide(width);
  const placedItems = new Int32Array(contexts.length * width).fill(NO_ITEM);
  const placedRanks = hasTies ? placeNumbers(contexts.length, width) : undefined;
  place((user, there, row) => {
    placedItems[user * width + there] = items[row]!;
    if (placedRanks !== undefined) placedRanks[user * width + there] = ranks[row]!;
  });
  return {
    items: placedItems,
    contextRow: Int32Array.from(contexts, (_, row) => row),
    contexts,
    cutoff: width,
    ...(placedRanks === undefined ? {} : { ranks: placedRanks }),
  };
}

/** [rows · width] 1, 2, 3 … in every row. */
function placeNumbers(rows: number, width: number): Int32Array {
  return new Int32Array(rows * width).map((_, at) => at % width + 1);
}

function tooWide(width: number): BladeError {
  return new BladeError({
    place: "table lists, column rank",
    rule: "must not leave gaps so wide that the lists do not fit in memory",
    value: width,
    mend: "number the ranks 1, 2, 3 …, or give every metric a cutoff, as in ndcg@10",
  });
}
