import type { ContextSet } from "../core/context.ts";
import type { DataFile, Dataset, InteractionLog, StageCount } from "../core/dataset.ts";
import type { Split } from "./split.ts";
import { popularityOf } from "./popularity.ts";

/** How counts are spread: minimum, quartiles, 90th percentile and maximum, by nearest rank. */
export interface Quantiles {
  readonly min: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p90: number;
  readonly max: number;
}

/** What is in one held-out part. */
export interface SetInspection {
  readonly contexts: number;
  readonly targets: number;
  /** Targets that their user has met before: `seen` keeps them out of every list, so nobody can hit them. */
  readonly targetsAlreadySeen: number;
  /** Targets that never occur in train: nothing can have learned of them. */
  readonly targetsNotInTrain: number;
  /** Length of the whole past, not of the part the model is given. */
  readonly pastLength: Quantiles;
}

/** What is worth knowing of a data set before training on it. Plain values: JSON as it stands. */
export interface DataInspection {
  readonly name: string;
  readonly files: readonly DataFile[];
  /** Counts after each stage of preparation. */
  readonly stages: readonly StageCount[];
  /** Share of the user-item matrix that interactions fill, repeats counted each. */
  readonly density: number;
  readonly interactionsPerUser: Quantiles;
  readonly interactionsPerItem: Quantiles;
  /** Interactions of a user with an item that the user has met before. */
  readonly repeatedInteractions: number;
  readonly train: {
    readonly users: number;
    readonly items: number;
    readonly interactions: number;
    /** Gini coefficient of the items' train counts: 0 when all are equally popular, towards 1 when few have all. */
    readonly popularityGini: number;
    /** Share of train interactions with the most popular tenth of the catalog. */
    readonly topTenthShare: number;
  };
  readonly validation: SetInspection;
  readonly test: SetInspection;
  /** Null where the files have no times. */
  readonly time: {
    /** Unix seconds. */
    readonly first: number;
    readonly last: number;
    /** Interactions of a user at the same second as the one before: their order is that of the file. */
    readonly ties: number;
  } | null;
  /** Null where the files have no ratings. */
  readonly ratings: { readonly min: number; readonly mean: number; readonly max: number } | null;
  readonly categories: {
    readonly names: number;
    readonly itemsWithout: number;
    readonly perItem: number;
    /** By falling number of items, ties by name. */
    readonly largest: readonly { readonly name: string; readonly items: number }[];
  };
  /** Items whose title the files do not give. */
  readonly itemsWithoutTitle: number;
  /** User attribute → number of different values. */
  readonly userGroups: Readonly<Record<string, number>>;
  /** What the reader has to say of the files. */
  readonly warnings: readonly string[];
}

/**
 * Counts what a data set and its split hold.
 *
 * @example
 * ```ts
 * import { inspectData } from "./inspect.ts";
 * import { splitDataset } from "./split.ts";
 * import { assertEquals } from "@std/assert";
 * const dataset = {
 *   name: "toy", users: ["ann"], files: [], stages: [], userGroups: new Map(),
 *   catalog: { ids: ["a", "b"], titles: ["a", "b"], categories: [[0], []], categoryNames: ["tea"] },
 *   log: {
 *     offsets: Int32Array.of(0, 4), items: Int32Array.of(0, 1, 0, 1),
 *     times: Float64Array.of(1, 2, 3, 3), ratings: new Float32Array(4).fill(NaN),
 *   },
 * };
 * const split = splitDataset(dataset, { split: "leave-last-out", maxHistory: 50 });
 * const inspection = inspectData(dataset, split);
 * assertEquals(inspection.repeatedInteractions, 2);
 * assertEquals(inspection.test.targetsAlreadySeen, 1);
 * assertEquals(inspection.time, { first: 1, last: 3, ties: 1 });
 * assertEquals(inspection.ratings, null);
 * ```
 */
export function inspectData(dataset: Dataset, split: Split): DataInspection {
  const { catalog, log, users } = dataset;
  const items = catalog.ids.length;
  const train = popularityOf(split.train, items);
  const all = popularityOf(log, items);
  const distinct = all.users.reduce((sum, count) => sum + count, 0);
  return {
    name: dataset.name,
    files: dataset.files,
    stages: dataset.stages,
    density: log.items.length / (users.length * items),
    interactionsPerUser: quantiles(rowLengths(log)),
    interactionsPerItem: quantiles(Array.from(all.counts)),
    repeatedInteractions: log.items.length - distinct,
    train: {
      users: train.totalUsers,
      items: train.counts.filter((count) => count > 0).length,
      interactions: train.totalInteractions,
      popularityGini: gini(train.counts),
      topTenthShare: topShare(train.counts, 0.1),
    },
    validation: inspectSet(split.validation, train.counts),
    test: inspectSet(split.test, train.counts),
    time: inspectTime(log),
    ratings: inspectRatings(log),
    categories: inspectCategories(dataset),
    itemsWithoutTitle: catalog.titles.filter((title, item) => title === catalog.ids[item]).length,
    userGroups: Object.fromEntries(
      Array.from(dataset.userGroups, ([name, values]) => [name, new Set(values).size]),
    ),
    warnings: dataset.warnings ?? [],
  };
}

function inspectSet({ contexts, relevance }: ContextSet, trainCounts: Float64Array): SetInspection {
  let [targets, targetsAlreadySeen, targetsNotInTrain] = [0, 0, 0];
  for (const { contextId, seen } of contexts) {
    for (const item of relevance.of(contextId).keys()) {
      targets++;
      if (seen.has(item)) targetsAlreadySeen++;
      if (trainCounts[item] === 0) targetsNotInTrain++;
    }
  }
  const lengths = contexts.map((context) =>
    "past" in context ? Number(context.past) : context.history.length
  );
  return {
    contexts: contexts.length,
    targets,
    targetsAlreadySeen,
    targetsNotInTrain,
    pastLength: quantiles(lengths),
  };
}

function inspectTime({ times, offsets }: InteractionLog): DataInspection["time"] {
  let [first, last, ties] = [Infinity, 0, 0];
  for (const time of times) {
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  if (last === 0) return null;
  for (let user = 0; user < offsets.length - 1; user++) {
    for (let row = offsets[user]! + 1; row < offsets[user + 1]!; row++) {
      if (times[row] === times[row - 1]) ties++;
    }
  }
  return { first, last, ties };
}

function inspectRatings({ ratings }: InteractionLog): DataInspection["ratings"] {
  let [min, max, sum, count] = [Infinity, -Infinity, 0, 0];
  for (const rating of ratings) {
    if (Number.isNaN(rating)) continue;
    min = Math.min(min, rating);
    max = Math.max(max, rating);
    sum += rating;
    count++;
  }
  return count === 0 ? null : { min, mean: sum / count, max };
}

function inspectCategories({ catalog }: Dataset): DataInspection["categories"] {
  const sizes = new Int32Array(catalog.categoryNames.length);
  for (const categories of catalog.categories) for (const category of categories) sizes[category]!++;
  const memberships = sizes.reduce((sum, size) => sum + size, 0);
  return {
    names: sizes.length,
    itemsWithout: catalog.categories.filter((categories) => categories.length === 0).length,
    perItem: memberships / catalog.ids.length,
    largest: Array.from(sizes, (size, row) => ({ name: catalog.categoryNames[row]!, items: size }))
      .sort((a, b) => b.items - a.items || (a.name < b.name ? -1 : 1)).slice(0, 10),
  };
}

function rowLengths({ offsets }: InteractionLog): number[] {
  return Array.from({ length: offsets.length - 1 }, (_, user) => offsets[user + 1]! - offsets[user]!);
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { min: at(0), p25: at(0.25), median: at(0.5), p75: at(0.75), p90: at(0.9), max: at(1) };
}

/** Mean absolute difference over twice the mean, of counts that are not all 0. */
function gini(counts: Float64Array): number {
  const sorted = counts.toSorted();
  const total = sorted.reduce((sum, count) => sum + count, 0);
  const weighted = sorted.reduce((sum, count, i) => sum + (2 * (i + 1) - sorted.length - 1) * count, 0);
  return weighted / (sorted.length * total);
}

function topShare(counts: Float64Array, share: number): number {
  const top = counts.toSorted().reverse().slice(0, Math.ceil(counts.length * share));
  return top.reduce((sum, count) => sum + count, 0) / counts.reduce((sum, count) => sum + count, 0);
}
