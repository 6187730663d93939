import { bestAndWorst, meanGroupLoss } from "./group_loss.ts";
import { preferenceLoss } from "./s_dpo.ts";

/**
 * Direct preference optimisation (arXiv 2305.18290, equation 7): −log σ(β (Δ_w − Δ_l)), Δ = log π − log π_ref, of the
 * best slate of the group over the worst. A group that ties throughout prefers nothing.
 *
 * @param o.beta β
 *
 * @example
 * ```ts
 * import { dpo } from "./dpo.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const input = {
 *   groupSize: 2,
 *   reward: Float64Array.of(0, 1),
 *   logDensityRatio: new Float64Array(2),
 *   baseline: new Float64Array(2),
 *   policyLogProb: Float64Array.of(-1, -2),
 *   anchorLogProb: Float64Array.of(-1, -2),
 * };
 * assertAlmostEquals(dpo({ beta: 0.1 }).value(input), Math.LN2);
 * assertEquals([...dpo({ beta: 0.1 }).coefficients(input)], [-0.05, 0.05]);
 * ```
 */
export function dpo({ beta }: { readonly beta: number }): ReturnType<typeof meanGroupLoss> {
  return meanGroupLoss("dpo", (group) => {
    const { best, worst } = bestAndWorst(group.reward);
    return group.reward[best] === group.reward[worst] ? null : preferenceLoss(group, best, [worst], beta);
  });
}
