import { defineMetric, notDefined } from "blade";

/**
 * At most two items of a category: a rule, made a metric by counting how far a list keeps to it. A metric that only
 * said "kept" or "broken" would have nothing to tell between two lists that break it.
 */
export default defineMetric({
  name: "category-cap",
  summary: "Share of the list that keeps to `atMost` items of a category.",
  formula: "Σ over categories of min(items of it, atMost), over Σ items of it",
  kind: "list",
  options: { atMost: 2 },
  range: [0, 1],
  direction: "maximize",
  needs: ["categories"],
  score(slate, _context, { categories }, { atMost }) {
    const items = new Map<number, number>();
    for (const item of slate) {
      if (item < 0) continue; // a list from a file may leave a rank out
      for (const category of categories.of(item)) items.set(category, (items.get(category) ?? 0) + 1);
    }
    let [within, all] = [0, 0];
    for (const count of items.values()) {
      within += Math.min(count, Math.max(0, atMost));
      all += count;
    }
    return all === 0 ? notDefined("no item has a category") : within / all;
  },
});
