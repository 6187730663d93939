import { logSumExp } from "../numerics/log_space.ts";
import { eachDefinedGroup, type Objective, type ObjectiveInput } from "./objective.ts";
import { exp, expm1 } from "../numerics/exponentials.ts";

/**
 * Forward KL(T‖π): the policy imitates the target.
 *
 * Anchored at the policy itself, c_j = (ρ̂_j − 1)/G. The 1 is ρ̂'s mean under the belief, known before anything is
 * sampled: a control variate that needs no group mean, so a single rollout teaches, and so does a group that ties
 * above or below its history. With another anchor the importance weights ρ̂_j (π_anchor/π)_j are normalised in the
 * group and 1/G is taken off; one rollout alone then says nothing.
 *
 * Undefined slates get 0 and the others keep their share of 1/G: as if the target left them where they are.
 *
 * @example
 * ```ts
 * import { distill } from "./distill.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const [better, worse] = distill().coefficients({
 *   groupSize: 2,
 *   reward: new Float64Array(2),
 *   logDensityRatio: Float64Array.of(Math.log(1.5), Math.log(0.5)),
 *   baseline: new Float64Array(2),
 *   policyLogProb: new Float64Array(2),
 *   anchorLogProb: null,
 * });
 * assertAlmostEquals(better!, 0.25);
 * assertAlmostEquals(worse!, -0.25);
 * ```
 */
export function distill(): Objective {
  return {
    name: "distill",
    coefficients({ groupSize, logDensityRatio, policyLogProb, anchorLogProb }: ObjectiveInput) {
      const out = new Float64Array(logDensityRatio.length);
      eachDefinedGroup(logDensityRatio, groupSize, (rows) => {
        if (anchorLogProb === null) {
          for (const row of rows) out[row] = expm1(logDensityRatio[row]!) / groupSize;
          return;
        }
        const logWeights = rows.map((row) =>
          logDensityRatio[row]! + anchorLogProb[row]! - policyLogProb[row]!
        );
        const logTotal = logSumExp(logWeights);
        rows.forEach((row, j) => {
          out[row] = (rows.length * exp(logWeights[j]! - logTotal) - 1) / groupSize;
        });
      });
      return out;
    },
  };
}
