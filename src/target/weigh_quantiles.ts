import { logSumExp } from "../numerics/log_space.ts";
import type { Observations } from "./observations.ts";
import { massAround, massOfAny, type RewardMass } from "./reward_mass.ts";
import type { Weighing } from "./weigh_group.ts";
import type { ContextWeights } from "./weigh_sums.ts";
import { log } from "../numerics/logarithms.ts";

/** A metric that takes part: its column, turned so that more is better, and how much its ω counts. */
interface Part {
  readonly sign: number;
  readonly column: number;
  readonly weight: number;
}

/** Values of points by part, [points·parts], and what each point weighs in the belief. */
interface Points {
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

/**
 * Weighs the rollouts of one context by the sum of their metrics' log density ratios, each metric by the order of its
 * own values, so that no metric's scale matters:
 *
 *     ω_j = Σ_k w_k ω_k(r_jk) − log Σ_i b_i exp(Σ_k w_k ω_k(r_ik)) / Σ_i b_i          over the observations i of weight b_i
 *
 * The last term keeps the mean of exp ω at 1 under the belief that the rollout is weighed against: what was observed
 * and the group's others. The baseline of a rollout is the mean ω of the others against what was observed before the
 * group, which knows nothing of this one. Every ω_k of a point takes one of three values, by whether the rollout that
 * is left out lies below, at or above it: O((atoms + G)·parts) evaluations, not G times as many.
 *
 * @param observed What was observed before the group.
 * @param group [G·columns] values of the rollouts, rounded.
 * @param weights [columns] negative where less of the metric is better.
 *
 * @example
 * ```ts
 * import { weighQuantiles } from "./weigh_quantiles.ts";
 * import { bayesianWeighing } from "./weigh_group.ts";
 * import { assertEquals } from "@std/assert";
 * const observed = [{ values: Float64Array.of(0, 9, 1, 5), weights: Float64Array.of(2, 2) }];
 * const weigh = (second: number) =>
 *   weighQuantiles(observed, Float64Array.of(1, 7 * second), [1, -1], bayesianWeighing(4)).logDensityRatio;
 * // A group of one at the same place in the order, whatever the distance.
 * assertEquals(weigh(1), weigh(1.1));
 * ```
 */
export function weighQuantiles(
  observed: readonly Observations[],
  group: Float64Array,
  weights: ArrayLike<number>,
  weighing: Weighing,
): ContextWeights {
  const parts = partsOf(weights);
  const before = joined(observed.map((rows) => turned(rows.values, parts, weights.length, rows.weights)));
  const size = group.length / weights.length;
  const own = turned(group, parts, weights.length, new Float64Array(size).fill(weighing.peerWeight));
  const masses = parts.map((_, k) => massOfAny(columnOf(before, k, parts.length), before.weights));
  const known = before.weights.length > 0;
  const logDensityRatio = againstTheOthers(before, own, parts, masses, weighing);
  const alone = againstWhatWasKnown(before, own, parts, masses, weighing);
  return {
    logDensityRatio,
    baseline: meanOfOthers(alone),
    above: Array.from({ length: size }, (_, j) =>
      known && parts.every((_, k) => {
        const [, equal, above] = massAround([masses[k]!], own.values[j * parts.length + k]!);
        return equal + above === 0;
      })).filter(Boolean).length,
    tied: own.values.every((value, at) => value === own.values[at % parts.length]),
  };
}

function partsOf(weights: ArrayLike<number>): Part[] {
  return Array.from(
    weights,
    (weight, column) => ({ sign: Math.sign(weight), column, weight: Math.abs(weight) }),
  )
    .filter(({ weight }) => weight > 0);
}

function turned(
  values: Float64Array,
  parts: readonly Part[],
  columns: number,
  weights: Float64Array,
): Points {
  const out = new Float64Array(weights.length * parts.length);
  for (let row = 0; row < weights.length; row++) {
    parts.forEach(({ sign, column }, k) => {
      out[row * parts.length + k] = sign * values[row * columns + column]!;
    });
  }
  return { values: out, weights };
}

function joined(all: readonly Points[]): Points {
  if (all.length === 1) return all[0]!;
  return {
    values: Float64Array.from(all.flatMap(({ values }) => [...values])),
    weights: Float64Array.from(all.flatMap(({ weights }) => [...weights])),
  };
}

function columnOf({ values, weights }: Points, column: number, columns: number): Float64Array {
  return weights.map((_, row) => values[row * columns + column]!);
}

/** ω of each rollout against what was observed and the group's others. */
function againstTheOthers(
  before: Points,
  own: Points,
  parts: readonly Part[],
  masses: readonly RewardMass[],
  { logRatio, peerWeight }: Weighing,
): Float64Array {
  const size = own.weights.length;
  const points = joined([before, own]);
  const first = before.weights.length;
  const groupMasses = parts.map((_, k) =>
    massOfAny(columnOf(own, k, parts.length), new Float64Array(size).fill(1))
  );
  // Σ_k w_k ω_k of a point without the rollout j, part by part from one of three evaluations.
  const memo = new Float64Array(points.weights.length * parts.length * 3).fill(NaN);
  const summed = (point: number, j: number) => {
    let sum = 0;
    for (let k = 0; k < parts.length; k++) {
      const value = points.values[point * parts.length + k]!;
      const left = own.values[j * parts.length + k]!;
      const side = left < value ? 0 : left === value ? 1 : 2;
      const place = (point * parts.length + k) * 3 + side;
      if (Number.isNaN(memo[place]!)) {
        const [below, equal, above] = massAround([masses[k]!], value);
        const [lower, level, higher] = massAround([groupMasses[k]!], value);
        memo[place] = parts[k]!.weight * logRatio(
          below + peerWeight * (lower - Number(side === 0)),
          equal + peerWeight * (level - Number(side === 1)),
          above + peerWeight * (higher - Number(side === 2)),
        );
      }
      sum += memo[place]!;
    }
    return sum;
  };
  return Float64Array.from({ length: size }, (_, j) => {
    const numbers = points.weights.map((_, point) => point === first + j ? 0 : summed(point, j));
    const weights = points.weights.map((weight, point) => point === first + j ? 0 : weight);
    return summed(first + j, j) - logMeanExp(numbers, weights);
  });
}

/** ω of each rollout against what was observed before the group alone. */
function againstWhatWasKnown(
  before: Points,
  own: Points,
  parts: readonly Part[],
  masses: readonly RewardMass[],
  { logRatio }: Weighing,
): { readonly rollouts: Float64Array; readonly expected: number } {
  const summed = ({ values, weights }: Points) =>
    weights.map((_, point) =>
      parts.reduce(
        (sum, { weight }, k) =>
          sum + weight * logRatio(...massAround([masses[k]!], values[point * parts.length + k]!)),
        0,
      )
    );
  const known = summed(before);
  const normalizer = logMeanExp(known, before.weights);
  const total = before.weights.reduce((sum, weight) => sum + weight, 0);
  return {
    rollouts: summed(own).map((omega) => omega - normalizer),
    expected: known.reduce((sum, omega, i) => sum + before.weights[i]! / total * (omega - normalizer), 0),
  };
}

/** For each the mean of the others; of one alone, what was to be expected. */
function meanOfOthers({ rollouts, expected }: ReturnType<typeof againstWhatWasKnown>): Float64Array {
  const sum = rollouts.reduce((total, omega) => total + omega, 0);
  return rollouts.map((omega) => rollouts.length === 1 ? expected : (sum - omega) / (rollouts.length - 1));
}

/** log of the weighted mean of exp; 0 without any weight. */
function logMeanExp(numbers: Float64Array, weights: Float64Array): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return 0;
  return logSumExp(numbers.map((number, i) => number + log(weights[i]!))) - log(total);
}
