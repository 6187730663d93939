import { defineMetric } from "blade";
import { consumedAndShown, showCategories, shownLessConsumed } from "./_shares.ts";

/** Discrepancy of genre unfairness of SPRec: how differently categories are treated. */
export default defineMetric({
  name: "dgu",
  summary: "From the category that is shown least for what is consumed of it to the one that is shown most.",
  formula:
    "max d − min d over categories, d = share in the slates − share in the histories; an item counts in " +
    "equal parts for its known categories",
  source: "Gao et al., SPRec: Self-play to debias LLM-based recommendation (arXiv 2412.09243)",
  equals: ["SPRec's DGU, its genre dictionary as categories"],
  kind: "population",
  options: {
    /** The categories to compare; none named: all. An item's other categories do not count. */
    categories: [] as readonly string[],
  },
  range: [0, 2],
  direction: "minimize",
  needs: ["categories", "popularity"],
  create: ({ categories, popularity }, options) =>
    consumedAndShown(categories, popularity, options.categories),
  add: (state, slate, weight) => showCategories(state, slate, weight),
  remove: (state, slate, weight) => showCategories(state, slate, -weight),
  value(state) {
    const differences = shownLessConsumed(state);
    if ("notDefined" in differences) return differences;
    const most = differences.reduce((most, difference) => Math.max(most, difference));
    return most - differences.reduce((least, difference) => Math.min(least, difference));
  },
});
