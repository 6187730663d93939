import { defineMetric, notDefined } from "blade";
import { discountedNovelty, selfInformation } from "./_novelty.ts";
import { relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Expected free discovery: self-information that counts where it is relevant and where it is seen. */
export default defineMetric({
  name: "efd",
  summary: "Self-information of the relevant items shown, in bits, discounted by rank.",
  formula: "Σ_r d_r · relevant_r · −log2(count / total) / Σ_r d_r, d_r = 1 / log2(r + 1); " +
    "an item never seen in training has as many bits as the rarest that was",
  source: "Vargas and Castells, Rank and relevance in novelty and diversity metrics, RecSys 2011",
  kind: "list",
  options: relevanceOptions,
  range: [0, Infinity],
  direction: "maximize",
  needs: ["relevance", "popularity"],
  score(slate, context, { relevance, popularity }, { threshold, empty }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    if (popularity.totalInteractions === 0) return notDefined("no training interaction");
    return discountedNovelty(slate, ranks, relevant, (item) => selfInformation(popularity, item));
  },
});
