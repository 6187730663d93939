import { defineMetric, type HistoryTable, type ItemIndex } from "blade";
import { type CategoriesOf, type ItemCategories, itemCategories } from "./_item_categories.ts";
import { perObject } from "./_memo.ts";

/** The form of `mgu` that one slate has: its category shares against those of the user's own history. */
export default defineMetric({
  name: "mgu-list",
  summary: "Mean absolute difference between category shares of the slate and of the user's own history.",
  formula:
    "mean over categories of |share in the slate − share in the history|; an item counts in equal parts for " +
    "its known categories",
  source: "for one list what Gao et al. define for all: SPRec (arXiv 2412.09243)",
  kind: "list",
  options: {
    /** The categories to compare; none named: all. An item's other categories do not count. */
    categories: [] as readonly string[],
  },
  range: [0, 1],
  direction: "minimize",
  needs: ["categories", "history"],
  scoreBatch(batch, { categories, history: histories }, options, out, undefine) {
    const { items, contextRow, contexts, cutoff } = batch;
    const categoriesOf = itemCategories(categories, options.categories);
    const ofItems = categoriesOf(items);
    const known = sharesOf(histories)(categoriesOf);
    const shown = new Float64Array(ofItems.size);
    let context = -1;
    let consumed: Float64Array | undefined;
    for (let row = 0; row < contextRow.length; row++) {
      if (contextRow[row] !== context) {
        context = contextRow[row]!;
        const { contextId } = contexts[context]!;
        consumed = known.get(contextId) ?? historyShares(histories.of(contextId), categoriesOf);
        if (consumed !== undefined && known.size < MOST_KEPT) known.set(contextId, consumed);
      }
      const counted = addCategories(shown, ofItems, items, row * cutoff, (row + 1) * cutoff);
      if (consumed === undefined) undefine(row, "no item of the history has a known category");
      else if (counted === 0) undefine(row, "no item of the slate has a known category");
      else out[row] = meanDifference(shown, counted, consumed);
    }
  },
});

/** Contexts whose shares are kept for batches to come: some 20 MB. */
const MOST_KEPT = 50_000;

/** Category shares of the histories met so far, by context, for each table of histories and choice of categories. */
const sharesOf = perObject((_histories: HistoryTable) =>
  perObject((_categories: CategoriesOf) => new Map<number, Float64Array>())
);

/** [categories], or undefined where no item has a known one. */
function historyShares(history: readonly ItemIndex[], categoriesOf: CategoriesOf): Float64Array | undefined {
  const items = asArray(history);
  const known = categoriesOf(items);
  const counts = new Float64Array(known.size);
  const counted = addCategories(counts, known, items, 0, items.length);
  return counted === 0 ? undefined : counts.map((count) => count / counted);
}

/** The same numbers in an array of one kind: a loop that meets two kinds of array is slow. */
function asArray(items: readonly ItemIndex[]): Int32Array {
  const array = new Int32Array(items.length);
  for (let at = 0; at < items.length; at++) array[at] = items[at]!;
  return array;
}

/**
 * Counts items in equal parts to their known categories, from 0.
 *
 * @param counts [categories]
 * @returns items that have a known category
 */
function addCategories(
  counts: Float64Array,
  { starts, places, part }: ItemCategories,
  items: Int32Array,
  from: number,
  to: number,
): number {
  for (let category = 0; category < counts.length; category++) counts[category] = 0;
  let counted = 0;
  for (let at = from; at < to; at++) {
    const item = items[at]!;
    if (item < 0) continue;
    const start = starts[item]!;
    const end = starts[item + 1]!;
    const each = part[item]!;
    for (let entry = start; entry < end; entry++) counts[places[entry]!]! += each;
    if (end > start) counted++;
  }
  return counted;
}

function meanDifference(shown: Float64Array, counted: number, consumed: Float64Array): number {
  const part = 1 / counted;
  let sum = 0;
  for (let i = 0; i < shown.length; i++) sum += Math.abs(shown[i]! * part - consumed[i]!);
  return sum / shown.length;
}
