import { defineMetric, notDefined } from "blade";
import { addToCounts, knownCategories, meanAbsoluteDifference, shares } from "./_shares.ts";

/** Mean genre unfairness of SPRec (arXiv 2412.09243): how far what is shown strays from what is consumed. */
export default defineMetric({
  name: "mgu",
  summary: "Mean absolute difference between category shares of all slates and of all training histories.",
  formula: "mean over categories of |share in the slates − share in the histories|",
  kind: "population",
  options: {
    /** The categories to compare; none named: all. An item's other categories do not count. */
    categories: [] as readonly string[],
  },
  range: [0, 1],
  direction: "minimize",
  // The histories of all users together are the training counts.
  needs: ["categories", "popularity"],
  create({ categories, popularity }, options) {
    const known = knownCategories(categories, options.categories);
    const consumed = new Float64Array(known.size);
    popularity.counts.forEach((count, item) => addToCounts(consumed, known.of(item), count));
    return { known, consumed: shares(consumed), shown: new Float64Array(known.size) };
  },
  add({ known, shown }, slate, weight) {
    for (const item of slate) if (item >= 0) addToCounts(shown, known.of(item), weight);
  },
  remove({ known, shown }, slate, weight) {
    for (const item of slate) if (item >= 0) addToCounts(shown, known.of(item), -weight);
  },
  value({ consumed, shown }) {
    if (consumed === undefined) return notDefined("no history with a known category");
    const shownShares = shares(shown);
    if (shownShares === undefined) return notDefined("no slate with a known category");
    return meanAbsoluteDifference(shownShares, consumed);
  },
});
