import { defineMetric, log2, notDefined, oneOf } from "blade";

/** Novelty: how surprising the items are, given how often training met them. */
export default defineMetric({
  name: "novelty",
  summary: "Mean self-information of the slate's items, in bits: rare items are novel.",
  formula: "mean over the items of −log2(count / total); an item never seen counts as seen once",
  source:
    "Zhou et al., Solving the apparent diversity-accuracy dilemma of recommender systems, PNAS 107 (2010)",
  equals: ["RecTools' MeanInvUserFreq with kind=inverse-user-frequency"],
  kind: "list",
  options: {
    /** Share of interactions, or of users, that an item has. */
    kind: oneOf("self-information", "inverse-user-frequency"),
  },
  range: [0, Infinity],
  direction: "maximize",
  needs: ["popularity"],
  score(slate, _context, { popularity }, { kind }) {
    const [counts, total] = kind === "self-information"
      ? [popularity.counts, popularity.totalInteractions]
      : [popularity.users, popularity.totalUsers];
    if (total === 0) return notDefined("no training interaction");
    const items = slate.filter((item) => item >= 0);
    const bits = items.reduce((sum, item) => sum + log2(total / Math.max(1, counts[item] ?? 0)), 0);
    return bits / items.length;
  },
});
