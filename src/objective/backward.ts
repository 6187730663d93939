import { eachDefinedGroup, type Objective, type ObjectiveInput } from "./objective.ts";

/**
 * Backward KL(π‖T): a policy gradient with ω for its reward, c_j = A_j/G and
 *
 *     A_j = ω_j − b_j − (a_j − mean over k ≠ j of a_k)        a = log π − log π_anchor, 0 when the anchor is the policy
 *
 * where b_j is the mean ω of the others, weighed without j. What is subtracted does not depend on y_j, so it changes
 * the noise of the gradient and not its mean.
 *
 * @param o.floor Least value of ω in nats. ω has no lower bound, and one hopeless slate may outweigh its group.
 *
 * @example
 * ```ts
 * import { backward } from "./backward.ts";
 * import { assertEquals } from "@std/assert";
 * const input = {
 *   groupSize: 2,
 *   reward: new Float64Array(2),
 *   logDensityRatio: Float64Array.of(1, -9),
 *   baseline: Float64Array.of(-9, 1),
 *   policyLogProb: new Float64Array(2),
 *   anchorLogProb: null,
 * };
 * assertEquals([...backward().coefficients(input)], [5, -5]);
 * assertEquals([...backward({ floor: -3 }).coefficients(input)], [2, -2]);
 * ```
 */
export function backward(o: { readonly floor?: number } = {}): Objective {
  const floor = o.floor ?? -Infinity;
  return {
    name: "backward",
    coefficients({ groupSize, logDensityRatio, baseline, policyLogProb, anchorLogProb }: ObjectiveInput) {
      const out = new Float64Array(logDensityRatio.length);
      eachDefinedGroup(logDensityRatio, groupSize, (rows) => {
        const drift = rows.map((row) =>
          anchorLogProb === null ? 0 : policyLogProb[row]! - anchorLogProb[row]!
        );
        const total = drift.reduce((sum, a) => sum + a, 0);
        rows.forEach((row, j) => {
          const othersDrift = rows.length > 1 ? (total - drift[j]!) / (rows.length - 1) : 0;
          const advantage = Math.max(floor, logDensityRatio[row]!) - Math.max(floor, baseline[row]!) -
            (drift[j]! - othersDrift);
          out[row] = advantage / groupSize;
        });
      });
      return out;
    },
  };
}
