import { defineMetric, notDefined, oneOf } from "blade";

/**
 * Revenue at the margin. What an item earns is a number of the data: a column `features` of the items table. Shows
 * weights by rank, a choice among the options, and `uses` for a signal that only one of the choices reads.
 */
export default defineMetric({
  name: "margin",
  summary: "Mean margin of the list's items, early ranks first: of all that is shown, or of what was taken.",
  formula: "Σ margin(item) / log2(rank + 1), over Σ 1 / log2(rank + 1)",
  kind: "list",
  options: {
    of: oneOf("shown", "taken"),
    /** Which of an item's numbers is its margin, from 0. */
    column: 0,
  },
  range: [-Infinity, Infinity],
  direction: "maximize",
  needs: ["features", "relevance"],
  uses: ({ of }) => of === "taken" ? ["features", "relevance"] : ["features"],
  score(slate, context, { features, relevance }, { of, column }, ranks) {
    let [earned, exposure] = [0, 0];
    slate.forEach((item, place) => {
      const margin = features.of(item)?.[column];
      if (margin === undefined) return; // no item on this rank, or one without a margin
      const weight = 1 / Math.log2(ranks[place]! + 1);
      exposure += weight;
      if (of === "shown" || relevance.of(context.contextId).has(item)) earned += weight * margin;
    });
    return exposure === 0 ? notDefined("no item has a margin") : earned / exposure;
  },
});
