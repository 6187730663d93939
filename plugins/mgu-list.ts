import { defineMetric, notDefined } from "blade";
import type { ItemIndex } from "blade";
import {
  addToCounts,
  type KnownCategories,
  knownCategories,
  meanAbsoluteDifference,
  shares,
} from "./_shares.ts";

/** The form of `mgu` that one slate has: its category shares against those of the user's own history. */
export default defineMetric({
  name: "mgu-list",
  summary: "Mean absolute difference between category shares of the slate and of the user's own history.",
  formula: "mean over categories of |share in the slate − share in the history|",
  kind: "list",
  options: {
    /** The categories to compare; none named: all. An item's other categories do not count. */
    categories: [] as readonly string[],
  },
  range: [0, 1],
  direction: "minimize",
  needs: ["categories", "history"],
  score(slate, context, { categories, history }, options) {
    const known = knownCategories(categories, options.categories);
    const consumed = sharesOf(history.of(context.contextId), known);
    if (consumed === undefined) return notDefined("no item of the history has a known category");
    const shown = sharesOf(slate, known);
    if (shown === undefined) return notDefined("no item of the slate has a known category");
    return meanAbsoluteDifference(shown, consumed);
  },
});

function sharesOf(items: readonly ItemIndex[], known: KnownCategories): Float64Array | undefined {
  const counts = new Float64Array(known.size);
  for (const item of items) if (item >= 0) addToCounts(counts, known.of(item), 1);
  return shares(counts);
}
