import { defineMetric, notDefined, oneOf } from "blade";

/** Average recommendation popularity. */
export default defineMetric({
  name: "popularity",
  summary: "Mean training count of the slate's items; an item never seen in training counts 0.",
  formula: "mean over the items of count",
  source: "Yin et al., Challenging the long tail recommendation, VLDB 2012",
  equals: ["RecBole's AveragePopularity", "RecTools' AvgRecPopularity; with normalize as=share"],
  kind: "list",
  options: {
    /** `count`: interactions with the item; `share`: of all interactions. */
    as: oneOf("count", "share"),
  },
  range: ({ as }) => [0, as === "share" ? 1 : Infinity],
  direction: "minimize",
  needs: ["popularity"],
  score(slate, _context, { popularity }, { as }) {
    if (as === "share" && popularity.totalInteractions === 0) return notDefined("no training interaction");
    const items = slate.filter((item) => item >= 0);
    const counted = items.reduce((sum, item) => sum + (popularity.counts[item] ?? 0), 0);
    return counted / items.length / (as === "share" ? popularity.totalInteractions : 1);
  },
});
