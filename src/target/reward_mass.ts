/** Weighted rewards with running sums, so that the weight on either side of a reward takes one binary search. */
export interface RewardMass {
  /** [atoms] strictly ascending. */
  readonly rewards: Float64Array;
  /** [atoms] */
  readonly weights: Float64Array;
  /** [atoms + 1] weight of the atoms before each. */
  readonly before: Float64Array;
  /** [atoms + 1] weight of each atom and all after it, summed from the top so that it is exactly 0 above all. */
  readonly from: Float64Array;
}

/** Weight below, at and above a reward. */
export type MassAround = [below: number, equal: number, above: number];

/**
 * The running sums of weighted rewards.
 *
 * @param rewards [atoms] strictly ascending.
 * @param weights [atoms] each > 0.
 *
 * @example
 * ```ts
 * import { massAround, rewardMass } from "./reward_mass.ts";
 * import { assertEquals } from "@std/assert";
 * const mass = rewardMass(Float64Array.of(0, 1, 2), Float64Array.of(3, 4, 5));
 * assertEquals(massAround([mass], 1), [3, 4, 5]);
 * assertEquals(massAround([mass], 1.5), [7, 0, 5]);
 * ```
 */
export function rewardMass(rewards: Float64Array, weights: Float64Array): RewardMass {
  const size = rewards.length;
  const before = new Float64Array(size + 1);
  const from = new Float64Array(size + 1);
  for (let i = 0; i < size; i++) before[i + 1] = before[i]! + weights[i]!;
  for (let i = size - 1; i >= 0; i--) from[i] = from[i + 1]! + weights[i]!;
  return { rewards, weights, before, from };
}

/**
 * The same of rewards in any order, repeats included.
 *
 * @param rewards [observations]
 * @param weights [observations] each > 0.
 * @example
 * ```ts
 * import { massOfAny } from "./reward_mass.ts";
 * import { assertEquals } from "@std/assert";
 * const { rewards, weights } = massOfAny(Float64Array.of(2, 1, 2), Float64Array.of(3, 4, 5));
 * assertEquals([[...rewards], [...weights]], [[1, 2], [4, 8]]);
 * ```
 */
export function massOfAny(rewards: Float64Array, weights: Float64Array): RewardMass {
  if (rewards.every((reward, i) => i === 0 || reward > rewards[i - 1]!)) return rewardMass(rewards, weights);
  const order = Array.from(rewards, (_, i) => i).sort((a, b) =>
    rewards[a]! < rewards[b]! ? -1 : rewards[a]! > rewards[b]! ? 1 : a - b
  );
  const distinct = new Float64Array(rewards.length);
  const sums = new Float64Array(rewards.length);
  let size = 0;
  for (const i of order) {
    if (size === 0 || distinct[size - 1] !== rewards[i]) distinct[size++] = rewards[i]!;
    sums[size - 1]! += weights[i]!;
  }
  return rewardMass(distinct.slice(0, size), sums.slice(0, size));
}

/** Weight below, at and above a reward, over several masses together. */
export function massAround(masses: readonly RewardMass[], reward: number): MassAround {
  let [below, equal, above] = [0, 0, 0];
  for (const mass of masses) {
    const at = lowerBound(mass.rewards, reward);
    const hit = mass.rewards[at] === reward;
    below += mass.before[at]!;
    if (hit) equal += mass.weights[at]!;
    above += mass.from[hit ? at + 1 : at]!;
  }
  return [below, equal, above];
}

/** All weight of several masses. */
export function totalMass(masses: readonly RewardMass[]): number {
  return masses.reduce((total, mass) => total + mass.from[0]!, 0);
}

/** First place whose value is at least the one sought. */
function lowerBound(ascending: Float64Array, sought: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < sought) low = middle + 1;
    else high = middle;
  }
  return low;
}
