import { defineMetric, type ItemIndex, notDefined, type Slate } from "blade";
import { isHead, orderOf } from "./_popularity.ts";

/** Share of the long tail. Where the tail begins is said in one of three ways. */
export default defineMetric({
  name: "long-tail",
  summary: "Share of the slate's items that are of the long tail.",
  formula:
    "items of the tail / items of head or tail; an item that training never met is of neither, but with " +
    "head-interactions of the tail",
  source:
    "Abdollahpouri, Burke and Mobasher, Managing popularity bias with personalized re-ranking, FLAIRS 2019",
  equals: ["RecBole's TailPercentage, a tail_ratio up to 1 as tail, a greater one as tail-max-count"],
  kind: "list",
  options: {
    /**
     * The tail is this share of the items that training met, the least popular by count and index. Where that is not
     * a whole item, it is the least popular of all.
     */
    tail: { standard: 0.1, least: 0, greatest: 1 },
    /** Where given, the tail is the items that training met at most so often instead. */
    "tail-max-count": { least: 0, greatest: Infinity },
    /** Where given, the head is the most popular items until they hold this share of the interactions instead. */
    "head-interactions": { least: 0, greatest: 1 },
  },
  range: [0, 1],
  direction: "maximize",
  needs: ["popularity"],
  score(slate, _context, { popularity }, options) {
    if (popularity.totalInteractions === 0) return notDefined("no training interaction");
    const order = orderOf(popularity);
    const head = options["head-interactions"];
    if (head !== undefined) return shareOf(slate, (item) => !isHead(order, item, head));
    const isMet = (item: number) => (popularity.counts[item] ?? 0) > 0;
    const maxCount = options["tail-max-count"];
    if (maxCount !== undefined) {
      return shareOf(slate.filter(isMet), (item) => popularity.counts[item]! <= maxCount);
    }
    const size = Math.floor(order.met * options.tail);
    if (size > 0) return shareOf(slate.filter(isMet), (item) => order.fromBottom[item]! < size);
    return shareOf(
      slate.filter((item) => isMet(item) || item === order.leastPopular),
      (item) => item === order.leastPopular,
    );
  },
});

function shareOf(slate: Slate, isTail: (item: ItemIndex) => boolean): number {
  const items = slate.filter((item) => item >= 0);
  return items.length === 0 ? 0 : items.filter(isTail).length / items.length;
}
