import type { Dataset, InteractionLog } from "../../src/core/dataset.ts";

/** A log from each user's items; times count 1, 2, 3 … within a user unless given. */
export function logOf(
  items: readonly (readonly number[])[],
  times?: readonly (readonly number[])[],
): InteractionLog {
  const offsets = new Int32Array(items.length + 1);
  items.forEach((row, user) => offsets[user + 1] = offsets[user]! + row.length);
  return {
    offsets,
    items: Int32Array.from(items.flat()),
    times: Float64Array.from((times ?? items.map((row) => row.map((_, i) => i + 1))).flat()),
    ratings: new Float32Array(offsets.at(-1)!).fill(NaN),
  };
}

/** A data set around a log, its items named i0, i1 … in the categories given. */
export function datasetOf(
  log: InteractionLog,
  options: {
    items: number;
    categories?: number[][];
    categoryNames?: string[];
    groups?: Record<string, string[]>;
  },
): Dataset {
  const ids = Array.from({ length: options.items }, (_, item) => `i${item}`);
  return {
    name: "toy",
    users: Array.from({ length: log.offsets.length - 1 }, (_, user) => `u${user}`),
    catalog: {
      ids,
      titles: ids,
      categories: options.categories ?? ids.map(() => []),
      categoryNames: options.categoryNames ?? [],
    },
    log,
    files: [],
    stages: [],
    userGroups: new Map(Object.entries(options.groups ?? {})),
  };
}

/** Each user's items. */
export function rowsOf({ offsets, items }: InteractionLog): number[][] {
  return Array.from(
    { length: offsets.length - 1 },
    (_, user) => Array.from(items.subarray(offsets[user]!, offsets[user + 1]!)),
  );
}
