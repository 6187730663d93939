import { type GroupedRows, groupRows } from "./group_rows.ts";
import type { ListColumns, ListRows, RelevantRows } from "./list_columns.ts";

/** What is unusual about lists, counted; the rules of evaluation say what each means. */
export interface ListNotes {
  /** Rows whose item stands in the same list before: counts once for relevance, each time for shares and exposure. */
  readonly repeatedItems: number;
  /** Items of the lists that the items table does not know: outside the catalog. 0 without such a table. */
  readonly unknownItems: number;
  /** Ranks without an item before the last of their list: each is a miss. */
  readonly rankGaps: number;
  /** Rows on the rank of another row of the list: both count. */
  readonly sharedRanks: number;
  /** Users of `relevant` without a list: 0 on metrics of relevance, without a value on the others. */
  readonly usersWithoutList: number;
  /** Users with a list and without a relevant item: without a value on metrics of relevance. 0 without `relevant`. */
  readonly usersWithoutRelevant: number;
}

/**
 * Counts what is unusual about a system's lists.
 *
 * @param ranked the rows of the lists by user, best first
 *
 * @example
 * ```ts
 * import { groupRows } from "./group_rows.ts";
 * import { listNotes } from "./list_notes.ts";
 * import { readTables } from "./list_tables.ts";
 * import { assertEquals } from "@std/assert";
 * const columns = await readTables({ lists: [["ann", "a", 1], ["ann", "a", 3]], relevant: [["bob", "b"]] });
 * const [lists] = columns.lists;
 * assertEquals(listNotes(columns, lists!, groupRows(lists!.users, columns.contexts, lists!.ranks)), {
 *   repeatedItems: 1,
 *   unknownItems: 0,
 *   rankGaps: 1,
 *   sharedRanks: 0,
 *   usersWithoutList: 1,
 *   usersWithoutRelevant: 1,
 * });
 * ```
 */
export function listNotes(columns: ListColumns, lists: ListRows, ranked: GroupedRows): ListNotes {
  const { relevant, contexts } = columns;
  let [repeatedItems, rankGaps, sharedRanks, usersWithoutList, usersWithoutRelevant] = [0, 0, 0, 0, 0];
  const lastUser = new Int32Array(columns.items.length).fill(-1);
  const positives = relevant && countPositives(relevant, contexts);
  for (let user = 0; user < contexts; user++) {
    let last = 0;
    for (let at = ranked.offsets[user]!; at < ranked.offsets[user + 1]!; at++) {
      const item = lists.items[ranked.rows[at]!]!;
      const rank = lists.ranks[ranked.rows[at]!]!;
      if (lastUser[item] === user) repeatedItems++;
      lastUser[item] = user;
      if (rank === last) sharedRanks++;
      else rankGaps += rank - last - 1;
      last = rank;
    }
    if (positives === undefined) continue;
    if (last > 0 && positives[user] === 0) usersWithoutRelevant++;
    if (last === 0 && positives[user]! > 0) usersWithoutList++;
  }
  const catalogSize = columns.catalog?.size ?? Infinity;
  const unknownItems = lastUser.reduce(
    (count, user, item) => count + Number(user >= 0 && item >= catalogSize),
    0,
  );
  return { repeatedItems, unknownItems, rankGaps, sharedRanks, usersWithoutList, usersWithoutRelevant };
}

/** [contexts] relevant items of each, gain above 0. */
function countPositives(relevant: RelevantRows, contexts: number): Int32Array {
  const { offsets, rows } = groupRows(relevant.users, contexts);
  const counts = new Int32Array(contexts);
  for (let user = 0; user < contexts; user++) {
    for (let at = offsets[user]!; at < offsets[user + 1]!; at++) {
      if (relevant.gains[rows[at]!]! > 0) counts[user]!++;
    }
  }
  return counts;
}

const WORDS: Readonly<Record<keyof ListNotes, string>> = {
  repeatedItems:
    "rows that repeat an item of their list, which counts once for relevance and each time for exposure",
  unknownItems: "items of the lists that the items table lacks, which are outside the catalog",
  rankGaps: "ranks that hold no item, each a miss",
  sharedRanks: "rows that share their rank with another, which both count",
  usersWithoutList:
    "users with relevant items and no list, who have 0 on metrics of relevance and no value on others",
  usersWithoutRelevant: "users with a list and no relevant item, who have no value on metrics of relevance",
};

/**
 * The notes that count anything, in words.
 *
 * @example
 * ```ts
 * import { notesInWords } from "./list_notes.ts";
 * import { assertEquals } from "@std/assert";
 * const none = { repeatedItems: 0, unknownItems: 0, sharedRanks: 0, usersWithoutList: 0, usersWithoutRelevant: 0 };
 * assertEquals(notesInWords({ ...none, rankGaps: 2 }), ["ranks that hold no item, each a miss: 2"]);
 * ```
 */
export function notesInWords(notes: ListNotes): string[] {
  return (Object.keys(WORDS) as (keyof ListNotes)[])
    .filter((name) => notes[name] > 0)
    .map((name) => `${WORDS[name]}: ${notes[name]}`);
}
