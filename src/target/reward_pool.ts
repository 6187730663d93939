import { copyRow, type Observations, tallyRows } from "./observations.ts";

/** Rewards remembered: enough for a smooth distribution, recent enough to follow the policy. */
const CAPACITY = 1024;

/** The latest rewards over all contexts, in a ring: what a context without a history of its own borrows. */
export interface RewardPool {
  /** [≤ 1024·columns] rows of values, in the order of the ring. */
  readonly values: Float64Array;
  /** Metrics of a row; 1 for a plain reward. */
  readonly columns: number;
  /** Row that the next reward takes once the ring is full. */
  readonly next: number;
}

/** A pool that holds nothing. */
export function emptyPool(columns: number): RewardPool {
  return { values: new Float64Array(0), columns, next: 0 };
}

/**
 * The pool after more rewards; of more than it can hold, evenly spaced ones.
 *
 * @param rewards [rows·columns] rounded
 * @example
 * ```ts
 * import { emptyPool, poolObservations, pourInto } from "./reward_pool.ts";
 * import { assertEquals } from "@std/assert";
 * const { values, weights } = poolObservations(pourInto(emptyPool(1), Float64Array.of(0, 1, 1, 1)), 2);
 * assertEquals([...values], [0, 1]);
 * assertEquals([...weights], [0.5, 1.5]);
 * ```
 */
export function pourInto(pool: RewardPool, rewards: Float64Array): RewardPool {
  const { columns } = pool;
  const given = rewards.length / columns;
  const stride = Math.max(1, given / CAPACITY);
  const added = Math.min(given, CAPACITY);
  const ring = new Float64Array(Math.min(CAPACITY, pool.values.length / columns + added) * columns);
  ring.set(pool.values);
  let next = pool.next;
  for (let i = 0; i < added; i++) {
    copyRow(rewards, Math.floor(i * stride), ring, next, columns);
    next = (next + 1) % CAPACITY;
  }
  return { values: ring, columns, next };
}

/** The pool as observations that weigh so much all together. */
export function poolObservations({ values, columns }: RewardPool, totalWeight: number): Observations {
  const seen = tallyRows(values, columns);
  const rows = values.length / columns;
  return { values: seen.values, weights: seen.weights.map((count) => count * totalWeight / rows) };
}
