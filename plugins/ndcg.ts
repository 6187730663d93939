import { defineMetric, oneOf } from "blade";
import { discount } from "./_discount.ts";
import { type GainName, gainOptions, TOO_LARGE, worth } from "./_gain.ts";
import { relevantOf } from "./_relevance.ts";

/**
 * Normalised discounted cumulative gain. Libraries disagree about gain and ideal, so both are options.
 */
export default defineMetric({
  name: "ndcg",
  summary: "Gain of the slate, discounted by log2(rank + 1), over that of the best possible slate.",
  formula: "Σ_r gain_r / log2(r + 1), over the same sum of the ideal order",
  source: "Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20 (2002)",
  equals: [
    "RecBole's NDCG, which knows gains of 1 only",
    "ranx's ndcg, its rel_lvl as threshold; its ndcg_burges with gain=exponential",
    "RecTools' NDCG with ideal=full; with divide_by_achievable as it is",
    "Elliot's nDCGRendle2020 with gain=binary, its relevance threshold as threshold",
  ],
  kind: "list",
  options: {
    ...gainOptions,
    /** `achievable`: as many places as there are relevant items, at most the cutoff; `full`: always the cutoff. */
    ideal: oneOf("achievable", "full"),
  },
  range: [0, 1],
  direction: "maximize",
  needs: ["relevance"],
  scoreBatch(batch, { relevance }, { threshold, empty, gain, ideal, cutoff }, out, undefine) {
    const { items, contextRow, contexts, cutoff: width, ranks } = batch;
    let context = -1;
    let relevant: ReadonlyMap<number, number> = new Map();
    let best = 0;
    for (let row = 0; row < contextRow.length; row++) {
      if (contextRow[row] !== context) {
        context = contextRow[row]!;
        relevant = relevantOf(relevance, contexts[context]!, threshold);
        best = bestPossible(relevant, gain, Math.min(relevant.size, cutoff ?? relevant.size));
      }
      if (relevant.size === 0) {
        if (empty === "zero") out[row] = 0;
        else undefine(row, "no relevant item");
        continue;
      }
      const from = row * width;
      let [sum, depth] = [0, 0];
      for (let at = from; at < from + width; at++) {
        const item = items[at]!;
        if (item < 0) continue;
        depth = ranks === undefined ? at - from + 1 : ranks[at]!;
        const itemGain = relevant.get(item);
        // An item that stands there twice counts where it is first.
        if (itemGain !== undefined && items.indexOf(item, from) === at) {
          sum += worth(gain, itemGain) * discount(depth);
        }
      }
      const over = ideal === "achievable" ? best : bestPossible(relevant, gain, cutoff ?? depth);
      if (sum === 0) out[row] = 0;
      else if (Number.isFinite(over)) out[row] = sum / over;
      else undefine(row, TOO_LARGE);
    }
  },
});

/** The discounted gain of the ideal order; places beyond the relevant items are as good as the best. */
function bestPossible(relevant: ReadonlyMap<number, number>, gain: GainName, places: number): number {
  const worths = Array.from(relevant.values(), (itemGain) => worth(gain, itemGain)).sort((a, b) => b - a);
  let sum = 0;
  for (let place = 0; place < places; place++) sum += (worths[place] ?? worths[0]!) * discount(place + 1);
  return sum;
}
