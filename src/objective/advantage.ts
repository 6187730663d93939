import { eachDefinedGroup, type Objective } from "./objective.ts";

/**
 * A policy gradient from the rewards of each group: c_j = A_j/G. Slates without a reward get 0, and the others keep
 * their share of 1/G.
 *
 * @param advantages A of the defined rewards of one group, in their order.
 *
 * @example
 * ```ts
 * import { fromAdvantages } from "./advantage.ts";
 * import { assertEquals } from "@std/assert";
 * const raw = fromAdvantages("raw", (rewards) => rewards);
 * const c = raw.coefficients({
 *   groupSize: 2,
 *   reward: Float64Array.of(3, NaN),
 *   logDensityRatio: new Float64Array(2),
 *   baseline: new Float64Array(2),
 *   policyLogProb: new Float64Array(2),
 *   anchorLogProb: null,
 * });
 * assertEquals([...c], [1.5, 0]);
 * ```
 */
export function fromAdvantages(
  name: string,
  advantages: (rewards: Float64Array) => Float64Array,
): Objective {
  return {
    name,
    coefficients({ groupSize, reward }) {
      const out = new Float64Array(reward.length);
      eachDefinedGroup(reward, groupSize, (rows) => {
        const found = advantages(Float64Array.from(rows, (row) => reward[row]!));
        rows.forEach((row, j) => out[row] = found[j]! / groupSize);
      });
      return out;
    },
  };
}

/**
 * The mean of some numbers.
 *
 * @example
 * ```ts
 * import { meanOf } from "./advantage.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(meanOf(Float64Array.of(1, 2)), 1.5);
 * ```
 */
export function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
