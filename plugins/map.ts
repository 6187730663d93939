import { defineMetric, oneOf } from "blade";
import { depthOf, hitsOf, relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Average precision; its mean over contexts is the MAP. Libraries disagree about the divisor, so it is an option. */
export default defineMetric({
  name: "map",
  summary: "Precision at the rank of each hit, summed, over the number of relevant items.",
  formula: "Σ over hits (hits so far / rank) / divisor",
  source: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, section 8.4 (2008)",
  equals: [
    "RecBole's MAP with divisor=min",
    "RecTools' MAP; with divide_by_k its divisor=k",
    "ranx's map",
    "GPTRec's MAP",
  ],
  kind: "list",
  options: {
    ...relevanceOptions,
    /** `relevant`: all relevant items; `min`: at most the cutoff; `k`: the cutoff itself. */
    divisor: oneOf("relevant", "min", "k"),
  },
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty, divisor, cutoff }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    if (slate.length === 0) return 0;
    const precisions = hitsOf(slate, ranks, relevant).map(({ rank }, before) => (before + 1) / rank);
    const over = {
      relevant: relevant.size,
      min: Math.min(relevant.size, cutoff ?? relevant.size),
      k: depthOf(ranks, cutoff),
    };
    return precisions.reduce((sum, precision) => sum + precision, 0) / over[divisor];
  },
});
