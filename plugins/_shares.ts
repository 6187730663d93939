import { type CategoryTable, type ItemIndex, notDefined, type Popularity, type Slate } from "blade";

/** Which categories count: rows of the table's names, and their place among the known ones. */
export interface KnownCategories {
  readonly size: number;
  /** The places that an item's categories have among the known ones. */
  of(item: ItemIndex): readonly number[];
}

/**
 * The categories that a metric compares: those named, or all. A name that no item has counts with share 0.
 *
 * @example
 * ```ts
 * import { knownCategories } from "./_shares.ts";
 * import { assertEquals } from "@std/assert";
 * const table = { names: ["x", "y", "q"], of: (item: number) => [[0], [0, 1], [1, 2]][item] ?? [] };
 * const known = knownCategories(table, ["x", "y"]);
 * assertEquals([known.size, known.of(2)], [2, [1]]);
 * assertEquals(knownCategories(table, []).of(2), [1, 2]);
 * ```
 */
export function knownCategories(table: CategoryTable, names: readonly string[]): KnownCategories {
  if (names.length === 0) return { size: table.names.length, of: (item) => table.of(item) };
  const distinct = [...new Set(names)];
  const placeOf = new Map(distinct.map((name, place) => [table.names.indexOf(name), place]));
  return {
    size: distinct.length,
    of: (item) => table.of(item).flatMap((category) => placeOf.get(category) ?? []),
  };
}

/**
 * Adds an item to a count of categories: its weight in equal parts to each of its known ones, nothing when it has none.
 *
 * @param counts [categories]
 * @example
 * ```ts
 * import { addToCounts } from "./_shares.ts";
 * import { assertEquals } from "@std/assert";
 * const counts = new Float64Array(2);
 * addToCounts(counts, [0, 1], 3);
 * assertEquals([...counts], [1.5, 1.5]);
 * ```
 */
export function addToCounts(counts: Float64Array, categories: readonly number[], weight: number): void {
  for (const category of categories) counts[category]! += weight / categories.length;
}

/**
 * Counts as shares of their sum, or undefined where there is nothing to share.
 *
 * @example
 * ```ts
 * import { shares } from "./_shares.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(shares(Float64Array.of(3, 1)), Float64Array.of(0.75, 0.25));
 * assertEquals(shares(Float64Array.of(0, 0)), undefined);
 * ```
 */
export function shares(counts: Float64Array): Float64Array | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  // What `remove` leaves of an emptied count is rounding, not a share.
  return total > 1e-9 ? counts.map((count) => count / total) : undefined;
}

/**
 * Mean absolute difference of two vectors of shares: the MGU of SPRec (arXiv 2412.09243).
 *
 * @example
 * ```ts
 * import { meanAbsoluteDifference } from "./_shares.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(meanAbsoluteDifference(Float64Array.of(1, 0), Float64Array.of(0.5, 0.5)), 0.5);
 * ```
 */
export function meanAbsoluteDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

/** Categories of all training histories, and of what was shown: the state of the metrics that compare the two. */
export interface ConsumedAndShown {
  readonly known: KnownCategories;
  /** [categories] undefined where no history has a known category. */
  readonly consumed: Float64Array | undefined;
  /** [categories] counts */
  readonly shown: Float64Array;
}

/**
 * The state before anything was shown. The histories of all users together are the training counts.
 *
 * @example
 * ```ts
 * import { consumedAndShown, showCategories, shownLessConsumed } from "./_shares.ts";
 * import { assertEquals } from "@std/assert";
 * const table = { names: ["x", "y"], of: (item: number) => [item] };
 * const counts = Float64Array.of(3, 1);
 * const state = consumedAndShown(table, { counts, users: counts, totalInteractions: 4, totalUsers: 4, order: [0, 1] }, []);
 * showCategories(state, [1, -1], 1);
 * assertEquals(shownLessConsumed(state), Float64Array.of(-0.75, 0.75));
 * ```
 */
export function consumedAndShown(
  table: CategoryTable,
  popularity: Popularity,
  categories: readonly string[],
): ConsumedAndShown {
  const known = knownCategories(table, categories);
  const consumed = new Float64Array(known.size);
  popularity.counts.forEach((count, item) => addToCounts(consumed, known.of(item), count));
  return { known, consumed: shares(consumed), shown: new Float64Array(known.size) };
}

/** Counts the categories of a slate in, `weight` times; a negative weight takes them out. */
export function showCategories({ known, shown }: ConsumedAndShown, slate: Slate, weight: number): void {
  for (const item of slate) if (item >= 0) addToCounts(shown, known.of(item), weight);
}

/**
 * By category, its share of what was shown less its share of what was consumed.
 *
 * @returns [categories], or why there is none
 */
export function shownLessConsumed(
  { consumed, shown }: ConsumedAndShown,
): Float64Array | ReturnType<typeof notDefined> {
  if (consumed === undefined) return notDefined("no history with a known category");
  const shownShares = shares(shown);
  if (shownShares === undefined) return notDefined("no slate with a known category");
  return shownShares.map((share, category) => share - consumed[category]!);
}
