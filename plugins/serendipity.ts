import { defineMetric, notDefined } from "blade";
import { orderOf } from "./_popularity.ts";
import { gainsByPlace, relevanceOptions, relevantOf, valueWithoutRelevant } from "./_relevance.ts";

/** Serendipity: relevant items that a list by popularity would not have shown so high. */
export default defineMetric({
  name: "serendipity",
  summary: "How much higher the relevant items stand than by their popularity, over the list's places.",
  formula: "mean over the places of max((n + 1 − rank) / n − (n + 1 − popularity rank) / n, 0) · relevant, " +
    "n items in the catalog; popularity ranks are dense, and an item never seen in training has no second term",
  source:
    "Murakami, Mori and Orihara, Metrics for evaluating the serendipity of recommendation lists, JSAI 2007",
  equals: ["RecTools' Serendipity"],
  kind: "list",
  options: relevanceOptions,
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance", "popularity", "catalogSize"],
  score(slate, context, { relevance, popularity, catalogSize }, { threshold, empty }, ranks) {
    const relevant = relevantOf(relevance, context, threshold);
    if (relevant.size === 0) return valueWithoutRelevant(empty);
    if (catalogSize === 0) return notDefined("no catalog");
    if (slate.length === 0) return 0;
    const { denseRank } = orderOf(popularity);
    const height = (rank: number) => (catalogSize + 1 - rank) / catalogSize;
    let sum = 0;
    gainsByPlace(slate, relevant).forEach((gain, place) => {
      const popularityRank = denseRank[slate[place]!] ?? 0;
      const expected = popularityRank === 0 ? 0 : height(popularityRank);
      if (gain > 0) sum += Math.max(height(ranks[place]!) - expected, 0);
    });
    return sum / slate.length;
  },
});
