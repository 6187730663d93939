import type { Observations } from "./observations.ts";
import { weightedSums } from "./preference.ts";
import { massAround, massOfAny, totalMass } from "./reward_mass.ts";
import { type GroupWeights, weighGroup, type Weighing } from "./weigh_group.ts";

/** The rollouts of one context, judged, and what the gauges ask of them. */
export interface ContextWeights extends GroupWeights {
  /** Rollouts above everything observed. */
  readonly above: number;
  /** Whether all rollouts are worth the same. */
  readonly tied: boolean;
}

/**
 * Weighs the rollouts of one context by the weighted sum of their values.
 *
 * @param observed What was observed before the group.
 * @param group [G·columns] values of the rollouts, rounded.
 * @param weights [columns]
 */
export function weighSums(
  observed: readonly Observations[],
  group: Float64Array,
  weights: ArrayLike<number>,
  weighing: Weighing,
): ContextWeights {
  const masses = observed.map((rows) => massOfAny(weightedSums(rows.values, weights), rows.weights));
  const rewards = weightedSums(group, weights);
  const known = totalMass(masses) > 0;
  return {
    ...weighGroup(masses, rewards, weighing),
    above: rewards.reduce((count, reward) => {
      const [, equal, above] = massAround(masses, reward);
      return count + Number(known && equal + above === 0);
    }, 0),
    tied: rewards.every((reward) => reward === rewards[0]),
  };
}
