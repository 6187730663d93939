import { defineMetric } from "blade";
import { relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Hit rate: 1 where the slate holds a relevant item. */
export default defineMetric({
  name: "hit-rate",
  summary: "Whether the slate holds a relevant item: 1 or 0.",
  formula: "[hits > 0]",
  source: "Deshpande and Karypis, Item-based top-N recommendation algorithms, ACM TOIS 22 (2004)",
  equals: ["RecBole's Hit", "ranx's hit_rate"],
  kind: "list",
  options: relevanceOptions,
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  score(slate, context, { relevance }, { threshold, empty }) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    return slate.some((item) => relevant.has(item)) ? 1 : 0;
  },
});
