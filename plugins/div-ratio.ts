import { defineMetric, notDefined } from "blade";
import { nothingShown, show, sumAndChanges } from "./_shown_counts.ts";

/** DivRatio of SPRec: how much of what is shown is not shown elsewhere too. */
export default defineMetric({
  name: "div-ratio",
  summary: "Distinct items over all slates, over the places that they fill.",
  formula: "distinct items / places that hold an item",
  source: "Gao et al., SPRec: Self-play to debias LLM-based recommendation (arXiv 2412.09243)",
  equals: ["SPRec's DivRatio"],
  kind: "population",
  range: [0, 1],
  direction: "maximize",
  needs: [],
  create: () => nothingShown<number>(),
  add: (shown, slate, weight) => show(shown, slate, weight),
  remove: (shown, slate, weight) => show(shown, slate, -weight),
  value(shown) {
    if (shown.counts.size === 0) return notDefined("nothing is shown");
    const { sum, changes } = sumAndChanges(
      shown,
      (counts) => counts.values().reduce((total, count) => total + count, 0),
    );
    return shown.counts.size / changes.reduce((total, { before, after }) => total + after - before, sum);
  },
});
