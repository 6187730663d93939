import { type CategoryTable, defineMetric, notDefined, type Slate } from "blade";

/**
 * A population metric: it has a value for everything that was shown, not for one slate. As a reward, a slate gets
 * the difference that it makes.
 */
export default defineMetric({
  name: "category-reach",
  summary: "Share of the categories that were shown at least `atLeast` times over all lists.",
  kind: "population",
  options: { atLeast: 1 },
  range: [0, 1],
  direction: "maximize",
  needs: ["categories"],
  create: ({ categories }, { atLeast }) => ({
    categories,
    atLeast,
    shown: new Float64Array(categories.names.length),
  }),
  add: (state, slate, weight) => count(state, slate, weight),
  remove: (state, slate, weight) => count(state, slate, -weight),
  value: ({ shown, atLeast }) =>
    shown.length === 0
      ? notDefined("no categories")
      : shown.filter((times) => times >= atLeast - 1e-9).length / shown.length,
});

function count(
  state: { categories: CategoryTable; shown: Float64Array },
  slate: Slate,
  weight: number,
): void {
  for (const item of slate) {
    if (item < 0) continue; // a rank left out in a file of lists
    for (const category of state.categories.of(item)) state.shown[category]! += weight;
  }
}
