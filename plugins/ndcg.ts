import { defineMetric, notDefined, oneOf } from "blade";
import { depthOf, hitsOf, relevanceOptions, relevantOf } from "./_relevance.ts";

/**
 * Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002). Libraries disagree about gain and ideal, so
 * both are options.
 */
export default defineMetric({
  name: "ndcg",
  summary: "Gain of the slate, discounted by log2(rank + 1), over that of the best possible slate.",
  formula: "Σ_r gain_r / log2(r + 1), over the same sum of the ideal order",
  kind: "list",
  options: {
    ...relevanceOptions,
    /** `linear`: the gain itself; `exponential`: 2^gain − 1; `binary`: 1. */
    gain: oneOf("linear", "exponential", "binary"),
    /** `achievable`: as many places as there are relevant items, at most the cutoff; `full`: always the cutoff. */
    ideal: oneOf("achievable", "full"),
  },
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty, gain, ideal, cutoff }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return empty === "zero" ? 0 : notDefined("no relevant item");
    const hits = hitsOf(slate, ranks, relevant);
    if (hits.length === 0) return 0;
    const worth = { linear: (g: number) => g, exponential: (g: number) => 2 ** g - 1, binary: () => 1 }[gain];
    const dcg = hits.reduce((sum, hit) => sum + worth(hit.gain) / Math.log2(hit.rank + 1), 0);
    const best = [...relevant.values()].map(worth).sort((a, b) => b - a);
    const places = ideal === "full" ? depthOf(ranks, cutoff) : Math.min(best.length, cutoff ?? best.length);
    let idealDcg = 0;
    // A full ideal has more places than relevant items: the missing ones are as good as the best.
    for (let place = 0; place < places; place++) {
      idealDcg += (best[place] ?? best[0]!) / Math.log2(place + 2);
    }
    return dcg / idealDcg;
  },
});
