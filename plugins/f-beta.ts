import { defineMetric } from "blade";
import { depthOf, hitsOf, relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** F measure: precision and recall in one number. */
export default defineMetric({
  name: "f-beta",
  summary: "Harmonic mean of precision and recall; recall counts β times as much.",
  formula: "(1 + β²) · hits / (β² · relevant + cutoff), which is (1 + β²) P R / (β² P + R)",
  source: "van Rijsbergen, Information Retrieval, chapter 7 (1979)",
  equals: ["Cornac's FMeasure with beta=1", "RecTools' F1Beta"],
  kind: "list",
  options: {
    ...relevanceOptions,
    /** 1: both alike; 0: precision alone. */
    beta: { standard: 1, least: 0, greatest: Infinity },
  },
  // Two items of a file may share a rank; more hits than ranks are possible there alone.
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty, beta, cutoff }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    if (slate.length === 0) return 0;
    // β² / (1 + β²), for a β of any size.
    const inverse = 1 / beta;
    const weightOfRecall = 1 / (1 + inverse * inverse);
    const places = weightOfRecall * relevant.size + (1 - weightOfRecall) * depthOf(ranks, cutoff);
    return hitsOf(slate, ranks, relevant).length / places;
  },
});
