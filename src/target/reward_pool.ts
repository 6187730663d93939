import { roundSignificant } from "../numerics/round_significant.ts";
import { sortedRewards, tally } from "./evidence.ts";
import { type RewardMass, rewardMass } from "./reward_mass.ts";

/** Rewards remembered: enough for a smooth distribution, recent enough to follow the policy. */
const CAPACITY = 1024;

/** The latest rewards over all contexts, in a ring: what a context without a history of its own borrows. */
export interface RewardPool {
  /** [≤ 1024] rewards, in the order of the ring. */
  readonly rewards: Float64Array;
  /** Place that the next reward takes once the ring is full. */
  readonly next: number;
}

/** A pool that holds nothing. */
export function emptyPool(): RewardPool {
  return { rewards: new Float64Array(0), next: 0 };
}

/**
 * The pool after more rewards; of more than it can hold, evenly spaced ones.
 *
 * @example
 * ```ts
 * import { emptyPool, poolMass, pourInto } from "./reward_pool.ts";
 * import { assertEquals } from "@std/assert";
 * const mass = poolMass(pourInto(emptyPool(), [0, 1, 1, 1]), 2);
 * assertEquals([...mass.rewards], [0, 1]);
 * assertEquals([...mass.weights], [0.5, 1.5]);
 * ```
 */
export function pourInto(pool: RewardPool, rewards: readonly number[]): RewardPool {
  const stride = Math.max(1, rewards.length / CAPACITY);
  const added = Math.min(rewards.length, CAPACITY);
  const size = Math.min(CAPACITY, pool.rewards.length + added);
  const ring = new Float64Array(size);
  ring.set(pool.rewards);
  let next = pool.next;
  for (let i = 0; i < added; i++) {
    ring[next] = roundSignificant(rewards[Math.floor(i * stride)]!);
    next = (next + 1) % CAPACITY;
  }
  return { rewards: ring, next };
}

/** The pool as observations that weigh so much all together. */
export function poolMass(pool: RewardPool, totalWeight: number): RewardMass {
  const { rewards, counts } = tally(sortedRewards(pool.rewards));
  return rewardMass(rewards, counts.map((count) => count * totalWeight / pool.rewards.length));
}
