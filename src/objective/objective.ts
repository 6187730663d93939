/** What an objective may look at. All rows context-major: rollout g of context b is row b·G+g. */
export interface ObjectiveInput {
  /** G: rollouts per context. */
  readonly groupSize: number;
  /** [B·G] the reward by which the target prefers; NaN where the slate has none. */
  readonly reward: Float64Array;
  /** [B·G] ω in nats; NaN where the slate has no reward. */
  readonly logDensityRatio: Float64Array;
  /** [B·G] nats: mean ω of the group's others, weighed without this one. NaN where the slate has no reward. */
  readonly baseline: Float64Array;
  /** [B·G] nats: log π of each slate under the policy that is updated, detached. */
  readonly policyLogProb: Float64Array;
  /** [B·G] nats: log π_anchor of each slate; null when the anchor is the policy of this moment. */
  readonly anchorLogProb: Float64Array | null;
}

/**
 * A loss as what it says of each rollout: loss = −mean over contexts Σ_j c_j log π(y_j | x), the c_j detached.
 * The target is T ∝ π_anchor · ρ̂.
 */
export interface Objective {
  /** As the configuration names it. */
  readonly name: string;
  /** [B·G] the c_j; 0 for a slate without a reward. */
  coefficients(input: ObjectiveInput): Float64Array;
  /**
   * The loss itself, mean over contexts, where it is more than the sum above: one whose slope by each ℓ_j is −c_j.
   * What is logged as the loss.
   */
  value?(input: ObjectiveInput): number;
}

/**
 * Runs over the groups of a batch, giving the rows of their defined rollouts, where there are any.
 *
 * @param values [B·G] NaN where a rollout is not defined.
 *
 * @example
 * ```ts
 * import { eachDefinedGroup } from "./objective.ts";
 * import { assertEquals } from "@std/assert";
 * const seen: number[][] = [];
 * eachDefinedGroup(Float64Array.of(0, NaN, NaN, NaN, 1, 2), 2, (rows) => seen.push(rows));
 * assertEquals(seen, [[0], [4, 5]]);
 * ```
 */
export function eachDefinedGroup(
  values: Float64Array,
  groupSize: number,
  visit: (rows: number[]) => void,
): void {
  if (!(groupSize >= 1) || values.length % groupSize !== 0) {
    throw new RangeError(
      `Cannot group rollouts: groupSize must divide ${values.length} rows, got ${groupSize}`,
    );
  }
  for (let start = 0; start < values.length; start += groupSize) {
    const rows: number[] = [];
    for (let row = start; row < start + groupSize; row++) {
      if (!Number.isNaN(values[row]!)) rows.push(row);
    }
    if (rows.length > 0) visit(rows);
  }
}
