import { type CategoryTable, defineMetric, type ItemVectors, type MetricBatch, oneOf } from "blade";
import { type DistanceName, setDistances, vectorDistance } from "./_distance.ts";
import { itemCategories } from "./_item_categories.ts";

/** Intra-list diversity: how different the items of a slate are. A slate of one item: 0. */
export default defineMetric({
  name: "ild",
  summary: "Mean distance between the items of the slate, over all pairs.",
  formula: "mean over pairs a < b of distance(a, b)",
  source: "Ziegler et al., Improving recommendation lists through topic diversification, WWW 2005",
  equals: [
    "RecTools' IntraListDiversity of a PairwiseHammingDistanceCalculator with distance=hamming&by=features",
  ],
  kind: "list",
  options: {
    distance: oneOf("jaccard", "cosine", "hamming"),
    /** What the distance compares: category sets, or the vectors of the items table. */
    by: oneOf("categories", "features", "embedding"),
  },
  range: ({ distance, by }) => [0, distance === "hamming" ? Infinity : rangeOf(distance, by)],
  direction: "maximize",
  needs: ["categories", "features", "embedding"],
  uses: ({ by }) => [by],
  scoreBatch(batch, signals, { distance, by }, out, undefine) {
    const pairs = by === "categories"
      ? pairsOfSets(distance, batch.items, signals.categories)
      : pairsOfVectors(distance, signals[by]);
    meanOverPairs(batch, pairs, out, (row) => undefine(row, `an item has no ${by}`));
  },
});

/** What the mean needs to know of the items. */
interface Pairs {
  /** Whether there is a distance to the item. */
  readonly known: (item: number) => boolean;
  /** Sum of the distances over all pairs of the first `count` items. */
  readonly sum: (items: Int32Array, count: number) => number;
}

function pairsOfSets(distance: DistanceName, items: Int32Array, table: CategoryTable): Pairs {
  const { bits, words, starts } = itemCategories(table, [])(items);
  return {
    known: (item) => starts[item + 1]! > starts[item]!,
    sum: setDistances(distance, bits, words),
  };
}

function pairsOfVectors(distance: DistanceName, table: ItemVectors): Pairs {
  // Without a direction, or a member, there is no such distance.
  const isEmpty = (vector: ArrayLike<number>) => Array.prototype.every.call(vector, (value) => value === 0);
  return {
    known(item) {
      const vector = table.of(item);
      return vector !== undefined && !Array.prototype.some.call(vector, Number.isNaN) &&
        (distance === "hamming" || !isEmpty(vector));
    },
    sum(items, count) {
      const vectors = Array.from(items.subarray(0, count), (item) => table.of(item)!);
      let sum = 0;
      for (let a = 0; a < count; a++) {
        for (let b = a + 1; b < count; b++) sum += vectorDistance(distance, vectors[a]!, vectors[b]!);
      }
      return sum;
    },
  };
}

function meanOverPairs(
  { items, contextRow, cutoff }: MetricBatch,
  { known, sum }: Pairs,
  out: Float64Array,
  undefine: (row: number) => void,
): void {
  const present = new Int32Array(cutoff);
  for (let row = 0; row < contextRow.length; row++) {
    let count = 0;
    let allKnown = true;
    for (let at = row * cutoff; at < (row + 1) * cutoff; at++) {
      const item = items[at]!;
      if (item < 0) continue;
      present[count++] = item;
      allKnown &&= known(item);
    }
    if (count < 2) out[row] = 0;
    else if (allKnown) out[row] = sum(present, count) / (count * (count - 1) / 2);
    else undefine(row);
  }
}

function rangeOf(distance: DistanceName, by: string): number {
  return distance === "cosine" && by !== "categories" ? 2 : 1;
}
