import type { ItemIndex, Slate } from "blade";

/** A count below this is rounding left over by `remove`, not an item shown. */
export const SHOWN = 1e-9;

/**
 * How often each item was shown, in fractions too, for the metrics of many slates. The counts are summed up once;
 * afterwards only the items that changed since are looked at, so that a value costs what a slate changes and not what
 * the catalog holds. Counts that come back to what they were are again exactly that.
 */
export interface ShownCounts<S> {
  /** Items that were shown, with their counts above 0. */
  readonly counts: Map<ItemIndex, number>;
  /** Items that changed since the sum, with their counts then. */
  readonly changed: Map<ItemIndex, number>;
  /** What a metric keeps of all counts; undefined before the first sum. */
  sum: S | undefined;
}

/**
 * The state before anything was shown.
 *
 * @example
 * ```ts
 * import { nothingShown } from "./_shown_counts.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(nothingShown().counts.size, 0);
 * ```
 */
export function nothingShown<S>(): ShownCounts<S> {
  return { counts: new Map(), changed: new Map(), sum: undefined };
}

/**
 * Counts a slate's items, `weight` times each; a negative weight takes them back.
 *
 * @example
 * ```ts
 * import { nothingShown, show } from "./_shown_counts.ts";
 * import { assertEquals } from "@std/assert";
 * const shown = nothingShown();
 * show(shown, [3, -1, 3, 4], 0.1);
 * assertEquals([...shown.counts], [[3, 0.2], [4, 0.1]]);
 * show(shown, [4], -0.1);
 * assertEquals([...shown.counts], [[3, 0.2]]);
 * ```
 */
export function show<S>({ counts, changed, sum }: ShownCounts<S>, slate: Slate, weight: number): void {
  for (const item of slate) {
    if (item < 0) continue;
    const before = counts.get(item) ?? 0;
    let after = before + weight;
    if (sum !== undefined) {
      const then = changed.get(item) ?? before;
      if (Math.abs(after - then) < SHOWN) {
        after = then;
        changed.delete(item);
      } else {
        changed.set(item, then);
      }
    }
    if (after > SHOWN) counts.set(item, after);
    else counts.delete(item);
  }
}

/** A count that is no longer what it was when the counts were summed up. */
export interface ChangedCount {
  readonly item: ItemIndex;
  readonly before: number;
  readonly after: number;
}

/**
 * The sum of the counts and what changed since. Sums anew where much changed.
 *
 * @example
 * ```ts
 * import { nothingShown, show, sumAndChanges } from "./_shown_counts.ts";
 * import { assertEquals } from "@std/assert";
 * const total = (counts: ReadonlyMap<number, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
 * const shown = nothingShown<number>();
 * show(shown, [3, 4], 1);
 * sumAndChanges(shown, total);
 * show(shown, [4, 5], 1);
 * assertEquals(sumAndChanges(shown, total), {
 *   sum: 2,
 *   changes: [{ item: 4, before: 1, after: 2 }, { item: 5, before: 0, after: 1 }],
 * });
 * ```
 */
export function sumAndChanges<S>(
  shown: ShownCounts<S>,
  sumUp: (counts: ReadonlyMap<ItemIndex, number>) => S,
): { sum: S; changes: readonly ChangedCount[] } {
  const { counts, changed } = shown;
  // Some metrics compare every change with every other.
  const isMuch = changed.size * changed.size > 4096 + 8 * counts.size;
  let sum = shown.sum;
  if (sum === undefined || isMuch) {
    sum = shown.sum = sumUp(counts);
    changed.clear();
  }
  const changes = Array.from(changed, ([item, before]) => ({ item, before, after: counts.get(item) ?? 0 }));
  return { sum, changes };
}
