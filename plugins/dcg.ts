import { defineMetric, notDefined } from "blade";
import { discount } from "./_discount.ts";
import { gainOptions, TOO_LARGE, worth } from "./_gain.ts";
import { hitsOf, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Discounted cumulative gain: `ndcg` before it is divided by the best possible. */
export default defineMetric({
  name: "dcg",
  summary: "Gain of the slate's items, discounted by log2(rank + 1).",
  formula: "Σ_r gain_r / log2(r + 1)",
  source: "Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20 (2002)",
  equals: ["ranx's dcg; its dcg_burges with gain=exponential"],
  kind: "list",
  options: gainOptions,
  range: [0, Infinity],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty, gain }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    const sum = hitsOf(slate, ranks, relevant)
      .reduce((sum, hit) => sum + worth(gain, hit.gain) * discount(hit.rank), 0);
    return Number.isFinite(sum) ? sum : notDefined(TOO_LARGE);
  },
});
