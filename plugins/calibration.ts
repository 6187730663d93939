import { defineMetric, type ItemIndex, log, notDefined, oneOf } from "blade";
import { discount } from "./_discount.ts";
import { addToCounts, type KnownCategories, knownCategories, shares } from "./_shares.ts";
import { SHOWN } from "./_shown_counts.ts";

/** Miscalibration: how badly the categories shown stand for the categories consumed. */
export default defineMetric({
  name: "calibration",
  summary: "Kullback-Leibler divergence of the category shares consumed from those shown, in nats.",
  formula:
    "Σ over categories of p · ln(p / ((1 − α) q + α p)), p = share in the histories, q = share in the lists; " +
    "over all contexts together, or the mean of each context's own",
  source: "Steck, Calibrated recommendations, RecSys 2018",
  kind: "population",
  options: {
    /** Share of p that is mixed into q, so that a category that is not shown does not cost infinitely much. */
    alpha: { standard: 0.01, least: 0, greatest: 1 },
    /** Shares over all contexts together, or for each context its own and then their mean. */
    per: oneOf("all", "context"),
    /** What an item of a list weighs: 1, or 1 / log2(rank + 1). */
    weights: oneOf("equal", "log"),
    /** The categories to compare; none named: all. An item's other categories do not count. */
    categories: [] as readonly string[],
  },
  range: ({ alpha }) => [0, alpha === 0 ? Infinity : -log(alpha)],
  direction: "minimize",
  // The histories of all users together are the training counts.
  needs: ["categories", "popularity", "history"],
  uses: ({ per }) => per === "all" ? ["categories", "popularity"] : ["categories", "history"],
  create({ categories, popularity, history }, options) {
    const known = knownCategories(categories, options.categories);
    return {
      ...options,
      known,
      consumed: options.per === "all" ? sharesOfCounts(known, popularity.counts) : undefined,
      shown: new Float64Array(known.size),
      history,
      histories: new Map<number, Float64Array | undefined>(),
      own: { sum: 0, weight: 0, infinite: 0 },
    };
  },
  add: (state, slate, weight, ranks, contextId) => count(state, slate, weight, ranks, contextId),
  remove: (state, slate, weight, ranks, contextId) => count(state, slate, -weight, ranks, contextId),
  value({ per, own, consumed, shown, alpha }) {
    if (per === "context") {
      if (own.infinite > SHOWN) return notDefined(INFINITE);
      return own.weight > SHOWN
        ? Math.max(0, own.sum / own.weight)
        : notDefined("no list and history with a known category");
    }
    if (consumed === undefined) return notDefined("no history with a known category");
    const shownShares = shares(shown);
    if (shownShares === undefined) return notDefined("no slate with a known category");
    const value = divergence(consumed, shownShares, alpha);
    return value === Infinity ? notDefined(INFINITE) : value;
  },
});

const INFINITE = "a category consumed is not shown, and alpha is 0";

/** What `create` makes, as far as counting needs it. */
interface State {
  readonly per: "all" | "context";
  readonly weights: "equal" | "log";
  readonly alpha: number;
  readonly known: KnownCategories;
  /** [categories] counts of all lists. */
  readonly shown: Float64Array;
  readonly history: { of(contextId: number): readonly ItemIndex[] };
  /** Shares of the histories met so far, by context. */
  readonly histories: Map<number, Float64Array | undefined>;
  /** Divergences of the contexts: their sum, the contexts that have one, and those whose own is infinite. */
  readonly own: { sum: number; weight: number; infinite: number };
}

function count(
  state: State,
  slate: readonly ItemIndex[],
  weight: number,
  ranks: readonly number[],
  contextId: number,
): void {
  const weightOf = (place: number) => state.weights === "log" ? discount(ranks[place]!) : 1;
  if (state.per === "all") {
    addSlate(state.shown, state.known, slate, (place) => weight * weightOf(place));
    return;
  }
  const shown = new Float64Array(state.known.size);
  addSlate(shown, state.known, slate, weightOf);
  const shownShares = shares(shown);
  const consumed = historyOf(state, contextId);
  if (shownShares === undefined || consumed === undefined) return;
  const value = divergence(consumed, shownShares, state.alpha);
  if (value === Infinity) {
    state.own.infinite += weight;
    return;
  }
  state.own.sum += weight * value;
  state.own.weight += weight;
}

function addSlate(
  counts: Float64Array,
  known: KnownCategories,
  slate: readonly ItemIndex[],
  weightOf: (place: number) => number,
): void {
  slate.forEach((item, place) => {
    if (item >= 0) addToCounts(counts, known.of(item), weightOf(place));
  });
}

function historyOf({ history, histories, known }: State, contextId: number): Float64Array | undefined {
  if (!histories.has(contextId)) {
    const counts = new Float64Array(known.size);
    for (const item of history.of(contextId)) addToCounts(counts, known.of(item), 1);
    histories.set(contextId, shares(counts));
  }
  return histories.get(contextId);
}

function sharesOfCounts(known: KnownCategories, counts: Float64Array): Float64Array | undefined {
  const consumed = new Float64Array(known.size);
  counts.forEach((count, item) => addToCounts(consumed, known.of(item), count));
  return shares(consumed);
}

/** KL(p ‖ (1 − α) q + α p), below 0 only by rounding. */
function divergence(p: Float64Array, q: Float64Array, alpha: number): number {
  const sum = p.reduce(
    (sum, share, category) =>
      share > 0 ? sum + share * log(share / ((1 - alpha) * q[category]! + alpha * share)) : sum,
    0,
  );
  return Math.max(0, sum);
}
