import { defineMetric } from "blade";
import { depthOf, hitsOf, relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Precision: hits over the cutoff. A list shorter than the cutoff still divides by the cutoff. */
export default defineMetric({
  name: "precision",
  summary: "Share of the slate's places that hold a relevant item.",
  formula: "hits / cutoff; without a cutoff: hits / length of the list",
  source: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, section 8.3 (2008)",
  equals: [
    "RecBole's Precision",
    "RecTools' Precision",
    "ranx's precision",
    "Elliot's Precision, its relevance threshold as threshold",
  ],
  kind: "list",
  options: relevanceOptions,
  // Two items of a file may share a rank; more hits than ranks are possible there alone.
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty, cutoff }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    if (slate.length === 0) return 0;
    return hitsOf(slate, ranks, relevant).length / depthOf(ranks, cutoff);
  },
});
