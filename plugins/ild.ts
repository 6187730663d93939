import { type CategoryTable, defineMetric, type ItemVectors, oneOf } from "blade";
import { type Distance, type DistanceName, setDistance, vectorDistance } from "./_distance.ts";

/** Intra-list diversity (Ziegler et al. 2005): how different the items of a slate are. A slate of one item: 0. */
export default defineMetric({
  name: "ild",
  summary: "Mean distance between the items of the slate, over all pairs.",
  formula: "mean over pairs a < b of distance(a, b)",
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
    const { known, between } = by === "categories"
      ? ofCategories(distance, batch.items, signals.categories)
      : ofVectors(distance, batch.items, signals[by]);
    const rows = batch.contextRow.length;
    for (let row = 0; row < rows; row++) {
      const places: number[] = [];
      for (let at = row * batch.cutoff; at < (row + 1) * batch.cutoff; at++) {
        if (batch.items[at]! >= 0) places.push(at);
      }
      if (places.length > 1 && places.some((at) => !known(at))) {
        undefine(row, `an item has no ${by}`);
        continue;
      }
      out[row] = meanOverPairs(places, between);
    }
  },
});

/** `between` takes places of the batch, so that each item's set is looked up once. */
interface Distances {
  readonly known: (place: number) => boolean;
  readonly between: Distance;
}

function ofCategories(distance: DistanceName, items: Int32Array, table: CategoryTable): Distances {
  const words = Math.ceil(table.names.length / 32);
  const bits = new Uint32Array(items.length * words);
  const sizes = new Int32Array(items.length);
  items.forEach((item, place) => {
    if (item < 0) return;
    for (const category of table.of(item)) {
      bits[place * words + (category >>> 5)]! |= 1 << (category & 31);
      sizes[place]! += 1;
    }
  });
  return { known: (place) => sizes[place]! > 0, between: setDistance(distance, bits, words) };
}

function ofVectors(distance: DistanceName, items: Int32Array, table: ItemVectors): Distances {
  const vectors = Array.from(items, (item) => item < 0 ? undefined : table.of(item));
  // Without a direction, or a member, there is no such distance.
  const isEmpty = (vector: ArrayLike<number>) => Array.prototype.every.call(vector, (value) => value === 0);
  return {
    known(place) {
      const vector = vectors[place];
      return vector !== undefined && !Array.prototype.some.call(vector, Number.isNaN) &&
        (distance === "hamming" || !isEmpty(vector));
    },
    between: (a, b) => vectorDistance(distance, vectors[a]!, vectors[b]!),
  };
}

function meanOverPairs(places: readonly number[], between: Distance): number {
  if (places.length < 2) return 0;
  let sum = 0;
  for (let a = 0; a < places.length; a++) {
    for (let b = a + 1; b < places.length; b++) sum += between(places[a]!, places[b]!);
  }
  return sum / (places.length * (places.length - 1) / 2);
}

function rangeOf(distance: DistanceName, by: string): number {
  return distance === "cosine" && by !== "categories" ? 2 : 1;
}
