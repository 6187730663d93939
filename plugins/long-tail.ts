import { defineMetric, notDefined, numberFrom } from "blade";
import { isHead, orderOf } from "./_popularity.ts";

/**
 * Share of the long tail. Where the tail begins is said in one of three ways; an item that training never met belongs
 * to neither head nor tail and does not count.
 */
export default defineMetric({
  name: "long-tail",
  summary: "Share of the slate's items, of those that training met, that are of the long tail.",
  formula: "items of the tail / items that training met",
  source:
    "Abdollahpouri, Burke and Mobasher, Managing popularity bias with personalized re-ranking, FLAIRS 2019",
  equals: ["RecBole's TailPercentage, a tail_ratio up to 1 as tail, a greater one as tail-max-count"],
  kind: "list",
  options: {
    /** The tail is this share of the items, the least popular by count and index, at least one. */
    tail: numberFrom(0, 1, 0.1),
    /** Where given, the tail is the items with at most this count instead. */
    "tail-max-count": numberFrom(0, Infinity),
    /** Where given, the tail is what is left of the items that hold this share of the interactions. */
    "head-interactions": numberFrom(0, 1),
  },
  range: [0, 1],
  direction: "maximize",
  needs: ["popularity"],
  score(slate, _context, { popularity }, options) {
    if (popularity.totalInteractions === 0) return notDefined("no training interaction");
    const order = orderOf(popularity);
    const maxCount = options["tail-max-count"];
    const head = options["head-interactions"];
    const size = Math.max(1, Math.floor(order.met * options.tail));
    const isTail = (item: number) =>
      head !== undefined
        ? !isHead(order, item, head)
        : maxCount !== undefined
        ? popularity.counts[item]! <= maxCount
        : order.fromBottom[item]! < size;
    const met = slate.filter((item) => (popularity.counts[item] ?? 0) > 0);
    return met.length === 0 ? 0 : met.filter(isTail).length / met.length;
  },
});
