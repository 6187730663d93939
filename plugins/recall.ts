import { defineMetric } from "blade";
import { hitsOf, relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Recall: hits over relevant items. */
export default defineMetric({
  name: "recall",
  summary: "Share of the relevant items that the slate holds.",
  formula: "hits / relevant",
  source: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, section 8.3 (2008)",
  equals: ["RecBole's Recall", "RecTools' Recall", "ranx's recall with empty=zero, its rel_lvl as threshold"],
  kind: "list",
  options: relevanceOptions,
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    return hitsOf(slate, ranks, relevant).length / relevant.size;
  },
});
