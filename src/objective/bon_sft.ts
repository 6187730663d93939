import { bestAndWorst, meanGroupLoss } from "./group_loss.ts";

/**
 * Supervised learning of the best of N slates of the reference: loss −log π(argmax). Known as rejection sampling
 * fine-tuning, RFT or RAFT (arXiv 2304.06767), and as BoN-SFT in the papers on best of N (arXiv 2406.00832, equation
 * 4.1). N is the group; of equals the first.
 *
 * @example
 * ```ts
 * import { bonSft } from "./bon_sft.ts";
 * import { assertEquals } from "@std/assert";
 * const input = {
 *   groupSize: 3,
 *   reward: Float64Array.of(0, 2, 1),
 *   logDensityRatio: new Float64Array(3),
 *   baseline: new Float64Array(3),
 *   policyLogProb: Float64Array.of(-1, -5, -2),
 *   anchorLogProb: null,
 * };
 * assertEquals([bonSft().value(input), ...bonSft().coefficients(input)], [5, 0, 1, 0]);
 * ```
 */
export function bonSft(): ReturnType<typeof meanGroupLoss> {
  return meanGroupLoss("bon-sft", ({ reward, policyLogProb }) => {
    const { best } = bestAndWorst(reward);
    const coefficients = new Float64Array(reward.length);
    coefficients[best] = 1;
    return { loss: -policyLogProb[best]!, coefficients };
  });
}
