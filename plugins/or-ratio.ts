import { defineMetric, notDefined } from "blade";
import { nothingShown, show, sumAndChanges } from "./_shown_counts.ts";

/** How many of the most shown items count. */
const TOP = 3;

/** ORRatio of SPRec: how much of what is shown is the same few items. */
export default defineMetric({
  name: "or-ratio",
  summary: "Share of the places that the three most shown items fill.",
  formula: "places of the three most shown items / places that hold an item",
  source: "Gao et al., SPRec: Self-play to debias LLM-based recommendation (arXiv 2412.09243)",
  equals: ["SPRec's ORRatio"],
  kind: "population",
  range: [0, 1],
  direction: "minimize",
  needs: [],
  create: () =>
    nothingShown<{ total: number; falling: readonly (readonly [item: number, count: number])[] }>(),
  add: (shown, slate, weight) => show(shown, slate, weight),
  remove: (shown, slate, weight) => show(shown, slate, -weight),
  value(shown) {
    if (shown.counts.size === 0) return notDefined("nothing is shown");
    const { sum, changes } = sumAndChanges(shown, (counts) => ({
      total: counts.values().reduce((total, count) => total + count, 0),
      falling: [...counts].sort(([, a], [, b]) => b - a),
    }));
    const total = changes.reduce((total, { before, after }) => total + after - before, sum.total);
    const candidates = changes.map(({ after }) => after);
    let unchanged = 0;
    for (const [item, count] of sum.falling) {
      if (unchanged === TOP) break;
      if (shown.changed.has(item)) continue;
      candidates.push(count);
      unchanged += 1;
    }
    candidates.sort((a, b) => b - a);
    const top = candidates.slice(0, TOP).reduce((sum, count) => sum + count, 0);
    return Math.min(1, top / total);
  },
});
