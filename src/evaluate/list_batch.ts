import { BladeError } from "../core/errors.ts";
import { type ItemIndex, NO_ITEM } from "../core/ids.ts";
import type { MetricBatch } from "../reward/metric.ts";
import type { ListRow } from "./list_tables.ts";
import type { TableSignals } from "./table_signals.ts";

/** Places of a batch at most: some 400 MB. */
const MOST_PLACES = 5e7;

/**
 * The lists of a table as one batch, a row per context, an item's place being its rank: a gap stays empty, a context
 * without a list is an empty row. Where items share a rank they stand side by side and `ranks` says so.
 *
 * @param cutoff ranks beyond it are not needed; undefined for whole lists
 * @throws {BladeError} when gaps are so wide that the batch would not fit in memory.
 *
 * @example
 * ```ts
 * import { listBatch } from "./list_batch.ts";
 * import { readTables } from "./list_tables.ts";
 * import { tableSignals } from "./table_signals.ts";
 * import { assertEquals } from "@std/assert";
 * const tables = readTables({ lists: [["u", "a", 1], ["u", "b", 3], ["v", "a", 1]] });
 * const batch = listBatch(tables.lists, tableSignals(tables), undefined);
 * assertEquals([...batch.items], [0, -1, 1, 0, -1, -1]);
 * ```
 */
export function listBatch(
  lists: readonly ListRow[],
  { contexts, users, itemOf }: TableSignals,
  cutoff: number | undefined,
): MetricBatch {
  const rowOf = new Map(users.map((user, row) => [user, row]));
  const entries: { item: ItemIndex; rank: number }[][] = users.map(() => []);
  for (const { user, item, rank } of lists) {
    if (rank <= (cutoff ?? Infinity)) entries[rowOf.get(user)!]!.push({ item: itemOf.get(item)!, rank });
  }
  let hasTies = false;
  let width = 0;
  for (const list of entries) {
    list.sort((a, b) => a.rank - b.rank);
    hasTies ||= list.some(({ rank }, at) => at > 0 && list[at - 1]!.rank === rank);
  }
  const placesOf = (list: readonly { rank: number }[]) => {
    let next = 0;
    return list.map(({ rank }) => {
      const place = hasTies ? Math.max(next, rank - 1) : rank - 1;
      next = place + 1;
      return place;
    });
  };
  for (const list of entries) width = Math.max(width, (placesOf(list).at(-1) ?? -1) + 1);
  if (width * users.length > MOST_PLACES) {
    throw new BladeError({
      place: "table lists, column rank",
      rule: "must not leave gaps so wide that the lists do not fit in memory",
      value: width,
      mend: "number the ranks 1, 2, 3 …, or give every metric a cutoff, as in ndcg@10",
    });
  }
  const items = new Int32Array(users.length * width).fill(NO_ITEM);
  const ranks = Int32Array.from(items, (_, at) => at % width + 1);
  entries.forEach((list, row) => {
    placesOf(list).forEach((place, at) => {
      items[row * width + place] = list[at]!.item;
      ranks[row * width + place] = list[at]!.rank;
    });
  });
  return {
    items,
    contextRow: Int32Array.from(users, (_, row) => row),
    contexts,
    cutoff: width,
    ...(hasTies ? { ranks } : {}),
  };
}
