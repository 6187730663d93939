import { defineMetric, notDefined } from "blade";
import { discountedNovelty, unknownToUsers } from "./_novelty.ts";
import { relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Expected popularity complement: novelty that counts where it is relevant and where it is seen. */
export default defineMetric({
  name: "epc",
  summary: "Share of users that do not know the relevant items shown, discounted by rank.",
  formula: "Σ_r d_r · relevant_r · (1 − users of the item / users) / Σ_r d_r, d_r = 1 / log2(r + 1)",
  source: "Vargas and Castells, Rank and relevance in novelty and diversity metrics, RecSys 2011",
  equals: ["Elliot's EPC, its relevance threshold as threshold"],
  kind: "list",
  options: relevanceOptions,
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance", "popularity"],
  score(slate, context, { relevance, popularity }, { threshold, empty }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    if (popularity.totalUsers === 0) return notDefined("no training interaction");
    return discountedNovelty(slate, ranks, relevant, (item) => unknownToUsers(popularity, item));
  },
});
