import type { Preference, RewardBatch } from "../core/rewards.ts";
import { combine as weightedSum, type RewardTerm, signedWeights } from "./combine.ts";
import type { Constraint, ConstraintScale } from "./constraints.ts";
import { square } from "../numerics/power.ts";

/**
 * What a reward is made of. Its columns are the terms and then the constraints' metrics, which weigh nothing in the
 * reward that is reported: they enter the target by their multipliers.
 */
export interface Composition {
  readonly combine: Preference["combine"];
  /** [columns] with the weights that make the reward that is reported. */
  readonly terms: readonly RewardTerm[];
  /** [columns] the terms' own weights, by which the target prefers; negative where less is better. */
  readonly weights: Float64Array;
  /** The last columns, in this order. */
  readonly constraints: readonly Constraint[];
  /** [constraints] */
  readonly scales: readonly ConstraintScale[];
  /** Spread of the reward within a context, in its own units: what a multiplier of 1 is worth. */
  readonly rewardScale: number;
  /** Of the dual ascent, per step. */
  readonly rate: number;
}

/** Metrics and how they go together, before anything was rolled out. */
export interface CompositionSetting {
  readonly combine: Preference["combine"];
  readonly terms: readonly RewardTerm[];
  readonly constraints: readonly Constraint[];
  readonly rate: number;
}

/**
 * The columns of a reward: its terms, and the constraints' metrics with weight 0.
 *
 * @example
 * ```ts
 * import { columnsOf } from "./composition.ts";
 * import { loadMetric } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const [ndcg, mgu] = [await loadMetric("ndcg@10"), await loadMetric("mgu-list@10")];
 * const columns = columnsOf([{ metric: ndcg, weight: 1 }], [{ metric: mgu, side: "atMost", bound: 0.08 }]);
 * assertEquals(columns.map(({ metric, weight }) => [metric.spec, weight]), [["ndcg@10", 1], ["mgu-list@10", 0]]);
 * ```
 */
export function columnsOf(terms: readonly RewardTerm[], constraints: readonly Constraint[]): RewardTerm[] {
  return [...terms, ...constraints.map(({ metric }) => ({ metric, weight: 0 }))];
}

/**
 * A composition fitted to what the reference's slates are worth. By `quantile` each weight is divided by its metric's
 * spread within a context, so that the reward in tables and on validation counts standard deviations, as free of
 * scales as the target itself.
 *
 * @param scored [contexts·slates] the reference's slates by `columnsOf`
 * @param slates per context
 * @param together slates that a step shows: how much further a metric of many lists moves by all of them than by one
 */
export function compose(
  { combine, terms, constraints, rate }: CompositionSetting,
  scored: Pick<RewardBatch, "values" | "defined">,
  slates: number,
  together: number,
): Composition {
  const spreads = scored.values.map((column) => spreadWithin(column, scored.defined, slates));
  const own = columnsOf(terms, constraints);
  const columns = combine === "sum"
    ? own
    : own.map(({ metric, weight }, column) => ({ metric, weight: weight / spreads[column]! }));
  const rewards = rewardsOf(columns, scored);
  return {
    combine,
    terms: columns,
    weights: signedWeights(own),
    constraints,
    rate,
    rewardScale: spreadWithin(rewards, scored.defined, slates),
    scales: constraints.map(({ metric }, i) => {
      const reward = spreads[terms.length + i]!;
      return { reward, level: metric.metric.kind === "population" ? reward * together : reward };
    }),
  };
}

/**
 * The reward of slates whose metrics are known.
 *
 * @returns [slates] NaN where not defined
 */
export function rewardsOf(
  terms: readonly RewardTerm[],
  { values, defined }: Pick<RewardBatch, "values" | "defined">,
): Float64Array {
  const weights = signedWeights(terms);
  return Float64Array.from(
    defined,
    (is, row) => is === 1 ? weightedSum(values.map((column) => column[row]!), weights) : NaN,
  );
}

/**
 * How slates are preferred at these multipliers: by the reward, and by each constraint's metric towards its allowed
 * side, by its multiplier (the Lagrangian of the constrained problem). A multiplier of 1 gives a standard deviation of
 * the constraint's metric the worth of one of the reward.
 *
 * @param multipliers [constraints]
 */
export function preferenceOf(composition: Composition, multipliers: Float64Array): Preference {
  const { combine, constraints, scales, rewardScale } = composition;
  const weights = composition.weights.slice();
  constraints.forEach(({ side }, i) => {
    const towards = side === "atMost" ? -multipliers[i]! : multipliers[i]!;
    weights[weights.length - constraints.length + i] = combine === "quantile"
      ? towards
      : towards * rewardScale / scales[i]!.reward;
  });
  return { combine, weights };
}

/**
 * The rewards by which slates are preferred at these multipliers, for methods that read rewards and not their order:
 * the reported reward, and each constraint's metric towards its allowed side.
 *
 * @param multipliers [constraints]
 * @param scored [slates] by `columnsOf`
 * @returns [slates] NaN where not defined
 */
export function preferredRewards(
  composition: Composition,
  multipliers: Float64Array,
  scored: Pick<RewardBatch, "values" | "defined" | "reward">,
): Float64Array {
  const { combine, terms, constraints, scales } = composition;
  if (constraints.length === 0) return scored.reward;
  const { weights: preferred } = preferenceOf(composition, multipliers);
  const weights = signedWeights(terms);
  const first = weights.length - constraints.length;
  scales.forEach(({ reward: spread }, i) => {
    // By quantile a multiplier weighs the metric in standard deviations, as the terms are weighed here.
    weights[first + i] = combine === "quantile" ? preferred[first + i]! / spread : preferred[first + i]!;
  });
  return Float64Array.from(
    scored.defined,
    (is, row) => is === 1 ? weightedSum(scored.values.map((column) => column[row]!), weights) : NaN,
  );
}

/** Root mean square deviation from the mean of each context's own; 1 where nothing differs. */
function spreadWithin(values: Float64Array, defined: Uint8Array, slates: number): number {
  let squares = 0;
  let count = 0;
  for (let from = 0; from < values.length; from += slates) {
    const group = values.slice(from, from + slates).filter((_, j) => defined[from + j] === 1);
    const mean = group.reduce((sum, value) => sum + value, 0) / group.length;
    for (const value of group) squares += square(value - mean);
    count += group.length;
  }
  return squares > 0 ? Math.sqrt(squares / count) : 1;
}
