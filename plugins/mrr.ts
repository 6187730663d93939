import { defineMetric } from "blade";
import { hitsOf, relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Reciprocal rank of the first hit; its mean over contexts is the MRR. */
export default defineMetric({
  name: "mrr",
  summary: "One over the rank of the first relevant item, 0 when there is none.",
  formula: "1 / rank of the first hit",
  source: "Voorhees, The TREC-8 question answering track report (1999)",
  equals: [
    "RecBole's MRR",
    "RecTools' MRR",
    "ranx's mrr",
    "Cornac's MRR where there is a hit; it refuses lists without",
  ],
  kind: "list",
  options: relevanceOptions,
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    const first = hitsOf(slate, ranks, relevant)[0];
    return first === undefined ? 0 : 1 / first.rank;
  },
});
