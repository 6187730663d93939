import type { Catalog, Dataset, InteractionLog } from "../core/dataset.ts";
import type { Filtered } from "./filter.ts";
import type { RawData } from "./raw_data.ts";

/**
 * Gives the users and items that stay their indices (in the order of their first appearance in the file), groups
 * the interactions by user and orders them by time, ties in file order.
 *
 * Items that nobody interacted with are not in the catalog: they could be ranked, never learned.
 *
 * @example
 * ```ts
 * import { buildDataset } from "./build_dataset.ts";
 * import { assertEquals } from "@std/assert";
 * const dataset = buildDataset({
 *   name: "toy", users: ["a"], items: ["x", "y"], about: [], userGroups: new Map(), files: [],
 *   interactions: {
 *     users: Int32Array.of(0, 0), items: Int32Array.of(0, 1),
 *     times: Float64Array.of(9, 5), ratings: new Float32Array(2),
 *   },
 * }, { keep: Uint8Array.of(1, 1), stages: [] });
 * assertEquals([...dataset.log.items], [1, 0]); // y came first in time
 * ```
 */
export function buildDataset(raw: RawData, { keep, stages }: Filtered): Dataset {
  const users = renumber(raw.interactions.users, raw.users.length, keep);
  const items = renumber(raw.interactions.items, raw.items.length, keep);
  return {
    name: raw.name,
    users: users.kept.map((user) => raw.users[user]!),
    catalog: catalogOf(raw, items.kept),
    log: logOf(raw, keep, users, items.index),
    files: raw.files,
    stages,
    userGroups: new Map(
      Array.from(raw.userGroups, ([name, values]) => [name, users.kept.map((user) => values[user]!)]),
    ),
  };
}

interface Renumbering {
  /** Raw numbers that stay, by new index. */
  readonly kept: readonly number[];
  /** New index by raw number, −1 when it goes. */
  readonly index: Int32Array;
}

function renumber(numbers: Int32Array, size: number, keep: Uint8Array): Renumbering {
  const index = new Int32Array(size).fill(-1);
  const kept: number[] = [];
  for (let row = 0; row < keep.length; row++) {
    const number = numbers[row]!;
    if (keep[row] === 0 || index[number] !== -1) continue;
    index[number] = kept.length;
    kept.push(number);
  }
  return { kept, index };
}

function catalogOf(raw: RawData, kept: readonly number[]): Catalog {
  const about = kept.map((item) => raw.about[item]);
  const categoryNames = [...new Set(about.flatMap((item) => item?.categories ?? []))].sort();
  const row = new Map(categoryNames.map((name, i) => [name, i]));
  return {
    ids: kept.map((item) => raw.items[item]!),
    titles: kept.map((item, i) => about[i]?.title || raw.items[item]!),
    categories: about.map((item) => (item?.categories ?? []).map((name) => row.get(name)!)),
    categoryNames,
    ...(about.some((item) => item?.features !== undefined)
      ? { features: about.map((item) => item?.features) }
      : {}),
  };
}

function logOf(raw: RawData, keep: Uint8Array, users: Renumbering, itemIndex: Int32Array): InteractionLog {
  const { interactions } = raw;
  const offsets = new Int32Array(users.kept.length + 1);
  for (let row = 0; row < keep.length; row++) {
    if (keep[row] === 1) offsets[users.index[interactions.users[row]!]! + 1]!++;
  }
  for (let user = 0; user < users.kept.length; user++) offsets[user + 1]! += offsets[user]!;

  const total = offsets.at(-1)!;
  const rows = new Int32Array(total);
  const next = offsets.slice();
  for (let row = 0; row < keep.length; row++) {
    if (keep[row] === 1) rows[next[users.index[interactions.users[row]!]!]!++] = row;
  }
  const { times } = interactions;
  for (let user = 0; user < users.kept.length; user++) {
    rows.subarray(offsets[user]!, offsets[user + 1]!).sort((a, b) => times[a]! - times[b]! || a - b);
  }
  return {
    offsets,
    items: Int32Array.from(rows, (row) => itemIndex[interactions.items[row]!]!),
    times: Float64Array.from(rows, (row) => times[row]!),
    ratings: Float32Array.from(rows, (row) => interactions.ratings[row]!),
  };
}
