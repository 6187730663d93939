import { defineMetric } from "blade";
import { consumedAndShown, showCategories, shownLessConsumed } from "./_shares.ts";

/** Mean genre unfairness of SPRec: how far what is shown strays from what is consumed. */
export default defineMetric({
  name: "mgu",
  summary: "Mean absolute difference between category shares of all slates and of all training histories.",
  formula:
    "mean over categories of |share in the slates − share in the histories|; an item counts in equal " +
    "parts for its known categories",
  source: "Gao et al., SPRec: Self-play to debias LLM-based recommendation (arXiv 2412.09243)",
  equals: ["SPRec's MGU, its genre dictionary as categories"],
  kind: "population",
  options: {
    /** The categories to compare; none named: all. An item's other categories do not count. */
    categories: [] as readonly string[],
  },
  range: [0, 1],
  direction: "minimize",
  needs: ["categories", "popularity"],
  create: ({ categories, popularity }, options) =>
    consumedAndShown(categories, popularity, options.categories),
  add: (state, slate, weight) => showCategories(state, slate, weight),
  remove: (state, slate, weight) => showCategories(state, slate, -weight),
  value(state) {
    const differences = shownLessConsumed(state);
    if ("notDefined" in differences) return differences;
    return differences.reduce((sum, difference) => sum + Math.abs(difference), 0) / differences.length;
  },
});
