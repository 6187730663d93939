import { defineMetric } from "blade";
import { hitsOf, relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** R-precision: precision among as many ranks as there are relevant items. */
export default defineMetric({
  name: "r-precision",
  summary: "Hits over as many places as could hold one: the relevant items, at most the cutoff.",
  formula: "hits / min(cutoff, relevant); without a cutoff: hits among the first `relevant` ranks / relevant",
  source: "Manning, Raghavan and Schütze, Introduction to Information Retrieval, section 8.4 (2008)",
  equals: ["ranx's r_precision without a cutoff", "RecTools' RPrecision"],
  kind: "list",
  options: relevanceOptions,
  // Two items of a file may share a rank; more hits than ranks are possible there alone.
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty, cutoff }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    const depth = cutoff ?? relevant.size;
    const hits = hitsOf(slate, ranks, relevant).filter(({ rank }) => rank <= depth).length;
    return hits / Math.min(depth, relevant.size);
  },
});
