import { defineMetric, log, notDefined, oneOf } from "blade";
import { nothingShown, show, sumAndChanges } from "./_shown_counts.ts";

/** Shannon entropy of what is shown: how evenly it is spread over the items. */
export default defineMetric({
  name: "entropy",
  summary: "Shannon entropy of the items' shares of all places.",
  formula: "−Σ over items of p · ln p, p = places that show the item / places",
  source: "Shannon, A mathematical theory of communication, Bell System Technical Journal 27 (1948)",
  kind: "population",
  options: {
    /** Of the logarithm: nats, bits or decimal digits. */
    base: oneOf("e", "2", "10"),
  },
  range: [0, Infinity],
  direction: "maximize",
  needs: [],
  create: (_signals, { base }) => ({
    shown: nothingShown<{ total: number; countLogs: number }>(),
    unit: base === "e" ? 1 : log(Number(base)),
  }),
  add: ({ shown }, slate, weight) => show(shown, slate, weight),
  remove: ({ shown }, slate, weight) => show(shown, slate, -weight),
  value({ shown, unit }) {
    if (shown.counts.size === 0) return notDefined("nothing is shown");
    let { sum: { total, countLogs }, changes } = sumAndChanges(shown, (counts) => {
      let [total, countLogs] = [0, 0];
      for (const count of counts.values()) {
        total += count;
        countLogs += timesLog(count);
      }
      return { total, countLogs };
    });
    for (const { before, after } of changes) {
      total += after - before;
      countLogs += timesLog(after) - timesLog(before);
    }
    // −Σ p ln p with p = count / total; below 0 only by rounding.
    return Math.max(0, log(total) - countLogs / total) / unit;
  },
});

function timesLog(count: number): number {
  return count > 0 ? count * log(count) : 0;
}
