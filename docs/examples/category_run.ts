import { defineMetric, type ItemIndex } from "blade";

/**
 * A list metric in its fast form, for rewards that are scored thousands of times a step: all slates at once, without
 * an object per slate. Also shows a direction to minimize and values that are not defined.
 */
export default defineMetric({
  name: "category-run",
  summary: "Longest stretch of neighbours that share a category, as a share of the list.",
  kind: "list",
  range: [0, 1],
  direction: "minimize",
  needs: ["categories"],
  scoreBatch({ items, cutoff }, { categories }, _options, out, undefine) {
    for (let row = 0; row < out.length; row++) {
      let [length, run, longest] = [0, 0, 0];
      for (let k = 0; k < cutoff; k++) {
        const item = items[row * cutoff + k]! as ItemIndex;
        if (item < 0) continue;
        const before = k === 0 ? -1 : items[row * cutoff + k - 1]! as ItemIndex;
        const shared = before >= 0 &&
          categories.of(item).some((name) => categories.of(before).includes(name));
        run = shared ? run + 1 : 1;
        longest = Math.max(longest, run);
        length++;
      }
      if (length < 2) undefine(row, "fewer than two items");
      else out[row] = longest / length;
    }
  },
});
