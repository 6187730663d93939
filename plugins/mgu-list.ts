import { defineMetric, type ItemIndex } from "blade";
import { type ItemCategories, itemCategories } from "./_item_categories.ts";

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
    const shown = new Float64Array(ofItems.size);
    const consumed = new Float64Array(ofItems.size);
    let context = -1;
    let past = 0;
    for (let row = 0; row < contextRow.length; row++) {
      if (contextRow[row] !== context) {
        context = contextRow[row]!;
        const history = asArray(histories.of(contexts[context]!.contextId));
        past = addCategories(consumed, categoriesOf(history), history, 0, history.length);
      }
      const counted = addCategories(shown, ofItems, items, row * cutoff, (row + 1) * cutoff);
      if (past === 0) undefine(row, "no item of the history has a known category");
      else if (counted === 0) undefine(row, "no item of the slate has a known category");
      else out[row] = meanDifference(shown, counted, consumed, past);
    }
  },
});

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

function meanDifference(a: Float64Array, totalOfA: number, b: Float64Array, totalOfB: number): number {
  const [partOfA, partOfB] = [1 / totalOfA, 1 / totalOfB];
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! * partOfA - b[i]! * partOfB);
  return sum / a.length;
}
