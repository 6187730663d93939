import type { DataFile, Dataset, GivenPart } from "../core/dataset.ts";
import type { ListedItem } from "./item_list.ts";
import { type GivenRow, joinRows } from "./join_rows.ts";

/** What a reader of files that are split already delivers. */
export interface GivenData {
  readonly name: string;
  /** What there is to recommend. */
  readonly items: readonly ListedItem[];
  readonly train: readonly GivenRow[];
  readonly valid: readonly GivenRow[];
  readonly test: readonly GivenRow[];
  readonly files: readonly DataFile[];
  /** What the user should know of the files. */
  readonly warnings: readonly string[];
}

/**
 * A data set of rows that others have parted into train, validation and test, and the item list that belongs to them.
 *
 * Training rows are joined to the walks they were cut from (`joinRows`): a user each, named by their id or, without
 * ids, by the walk's first row, `train:12`. Every held-out row is a user of its own, its history and its targets,
 * named `test:12`, or `ann@test:12` where the row says whose it is. All listed items are in the catalog, as those who
 * published the split rank them all.
 *
 * @example
 * ```ts
 * import { buildGiven } from "./build_given.ts";
 * import { assertEquals } from "@std/assert";
 * const items = ["a", "b", "c"].map((id) => ({ id, title: id, alsoWritten: [], categories: [] }));
 * const row = (...items: number[]) => [{ user: "ann", items, targets: 1 }];
 * const { users, log, given } = buildGiven({
 *   name: "toy", items, train: row(0, 1), valid: row(0, 1, 2), test: row(1, 0), files: [], warnings: [],
 * });
 * assertEquals(users, ["ann", "ann@valid:1", "ann@test:1"]);
 * assertEquals([...log.offsets], [0, 2, 5, 7]);
 * assertEquals(given?.parts, ["train", "validation", "test"]);
 * ```
 */
export function buildGiven(data: GivenData): Dataset {
  const walks: Row[] = joinRows(data.train).map((walk) => ({
    ...walk,
    name: walk.user ?? `train:${walk.row + 1}`,
    part: "train",
    targets: 0,
  }));
  const rows = [...walks, ...heldOut(data.valid, "validation"), ...heldOut(data.test, "test")];
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach(({ items }, user) => offsets[user + 1] = offsets[user]! + items.length);
  const total = offsets.at(-1)!;
  const log = {
    offsets,
    items: new Int32Array(total),
    times: new Float64Array(total),
    ratings: new Float32Array(total).fill(NaN),
  };
  rows.forEach(({ items, times, ratings }, user) => {
    log.items.set(items, offsets[user]);
    if (times !== undefined) log.times.set(times, offsets[user]);
    if (ratings !== undefined) log.ratings.set(ratings, offsets[user]);
  });
  return {
    name: data.name,
    users: rows.map(({ name }) => name),
    catalog: catalogOf(data.items),
    log,
    files: data.files,
    stages: [{ stage: "read", users: rows.length, items: data.items.length, interactions: total }],
    userGroups: new Map(),
    given: { parts: rows.map(({ part }) => part), targets: Int32Array.from(rows, ({ targets }) => targets) },
    warnings: data.warnings,
  };
}

interface Row extends Omit<GivenRow, "user"> {
  readonly name: string;
  readonly part: GivenPart;
}

function heldOut(rows: readonly GivenRow[], part: "validation" | "test"): Row[] {
  const file = part === "test" ? "test" : "valid";
  return rows.map((row, at) => {
    const place = `${file}:${at + 1}`;
    return { ...row, part, name: row.user === undefined ? place : `${row.user}@${place}` };
  });
}

function catalogOf(items: readonly ListedItem[]): Dataset["catalog"] {
  const categoryNames = [...new Set(items.flatMap(({ categories }) => categories))].sort();
  const rowOf = new Map(categoryNames.map((name, row) => [name, row]));
  return {
    ids: items.map(({ id }) => id),
    titles: items.map(({ id, title }) => title.trim() || id),
    categories: items.map(({ categories }) => categories.map((name) => rowOf.get(name)!)),
    categoryNames,
  };
}
