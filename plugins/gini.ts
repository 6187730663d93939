import { defineMetric, notDefined, oneOf } from "blade";
import { type ChangedCount, nothingShown, show, sumAndChanges } from "./_shown_counts.ts";

/** Gini index of what is shown: 0 where all items of the catalog are shown alike, near 1 where few are. */
export default defineMetric({
  name: "gini",
  summary: "Inequality of how often the items of the catalog are shown.",
  formula: "Σ_i (2i − n − 1) c_i / (n Σ c), counts c ascending over all n items of the catalog",
  source: "Gini, Variabilità e mutabilità (1912)",
  equals: ["RecBole's GiniIndex", "Elliot's GiniIndex with normalize=n-1; Elliot reports 1 less it"],
  kind: "population",
  options: {
    /** What stands in the denominator: with n − 1 a single item shown is a Gini index of 1. */
    normalize: oneOf("n", "n-1"),
  },
  range: [0, 1],
  direction: "minimize",
  needs: ["catalogSize"],
  create: ({ catalogSize }, { normalize }) => ({
    catalogSize,
    over: normalize === "n" ? catalogSize : catalogSize - 1,
    shown: nothingShown<Sum>(),
  }),
  // An item outside the catalog (an id that only a file of lists knows) is not of those that are compared.
  add: ({ shown, catalogSize }, slate, weight) => show(shown, slate.filter((i) => i < catalogSize), weight),
  remove: ({ shown, catalogSize }, slate, weight) =>
    show(shown, slate.filter((i) => i < catalogSize), -weight),
  value({ shown, catalogSize, over }) {
    if (over <= 0) return notDefined(catalogSize === 0 ? "no catalog" : "a catalog of one item");
    if (shown.counts.size === 0) return notDefined("nothing is shown");
    const { sum, changes } = sumAndChanges(shown, (counts) => sumUp(counts, catalogSize));
    const total = changes.reduce((total, { before, after }) => total + after - before, sum.total);
    // Both sums below 0 only by rounding.
    return Math.min(1, Math.max(0, pairDifference(sum, changes) / (over * total)));
  },
});

/** The counts in order. */
interface Sum {
  /** [items shown] ascending */
  readonly counts: Float64Array;
  /** [items shown + 1] sum of the counts before each. */
  readonly sums: Float64Array;
  /** Items of the catalog that are not shown. */
  readonly notShown: number;
  readonly total: number;
  /** Σ |c_i − c_j| over all pairs of items of the catalog: the numerator. */
  readonly pairs: number;
}

function sumUp(shown: ReadonlyMap<number, number>, catalogSize: number): Sum {
  const counts = Float64Array.from(shown.values()).sort();
  const sums = new Float64Array(counts.length + 1);
  const notShown = catalogSize - counts.length;
  let pairs = 0;
  counts.forEach((count, place) => {
    sums[place + 1] = sums[place]! + count;
    pairs += (2 * (notShown + place + 1) - catalogSize - 1) * count;
  });
  return { counts, sums, notShown, total: sums[counts.length]!, pairs };
}

/**
 * Σ |c_i − c_j| over all pairs after the changes. Each change is compared with all counts as they were, and the
 * changes then with each other: Σ F(after) − F(before) + ½ ΣΣ |a_i − a_k| + |b_i − b_k| − 2 |a_i − b_k|.
 */
function pairDifference(sum: Sum, changes: readonly ChangedCount[]): number {
  let pairs = sum.pairs;
  for (const { before, after } of changes) {
    pairs += distanceToAll(sum, after) - distanceToAll(sum, before);
    for (const other of changes) {
      pairs += Math.abs(after - other.after) / 2 + Math.abs(before - other.before) / 2 -
        Math.abs(after - other.before);
    }
  }
  return pairs;
}

/** Σ over the catalog of |count − c_j|. */
function distanceToAll({ counts, sums, notShown, total }: Sum, count: number): number {
  let [below, above] = [0, counts.length];
  while (below < above) {
    const middle = (below + above) >> 1;
    if (counts[middle]! < count) below = middle + 1;
    else above = middle;
  }
  const lower = sums[below]!;
  return count * (notShown + below) - lower + (total - lower) - count * (counts.length - below);
}
