import { bestAndWorst, meanGroupLoss } from "./group_loss.ts";
import { square } from "../numerics/power.ts";

/**
 * BoNBoN (arXiv 2406.00832, equations 4.1 to 4.4): learn the best of N slates of the reference, and bring the margin of
 * best over worst to where best-of-N has it,
 *
 *     loss = a (−log π(b)) + (1 − a) (log π(b)/π(w) − log π_ref(b)/π_ref(w) − 1/(2β*))²
 *
 * N is the number of slates of the context that have a reward. Where all of them tie there is no worst, and the first
 * part stands alone.
 *
 * @param o.sftShare a
 * @param o.beta β* in place of the one that belongs to N.
 *
 * @example
 * ```ts
 * import { bonbon } from "./bonbon.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const input = {
 *   groupSize: 2,
 *   reward: Float64Array.of(1, 0),
 *   logDensityRatio: new Float64Array(2),
 *   baseline: new Float64Array(2),
 *   policyLogProb: Float64Array.of(-2, -3),
 *   anchorLogProb: Float64Array.of(-2, -2.5),
 * };
 * // The margin grew by 0.5, and should by (2 − 1) · H_1 = 1.
 * assertAlmostEquals(bonbon({ sftShare: 0.1 }).value(input), 0.1 * 2 + 0.9 * 0.25);
 * ```
 */
export function bonbon(
  { sftShare, beta }: { readonly sftShare: number; readonly beta?: number },
): ReturnType<typeof meanGroupLoss> {
  return meanGroupLoss("bonbon", ({ reward, policyLogProb, anchorLogProb }) => {
    const { best, worst } = bestAndWorst(reward);
    const coefficients = new Float64Array(reward.length);
    coefficients[best] = sftShare;
    const imitation = -sftShare * policyLogProb[best]!;
    if (reward[best] === reward[worst]) return { loss: imitation, coefficients };
    const margin = policyLogProb[best]! - policyLogProb[worst]! -
      (anchorLogProb[best]! - anchorLogProb[worst]!);
    const miss = margin - 1 / (2 * (beta ?? bonbonBeta(reward.length)));
    const slope = 2 * (1 - sftShare) * miss;
    coefficients[best]! -= slope;
    coefficients[worst]! += slope;
    return { loss: imitation + (1 - sftShare) * square(miss), coefficients };
  });
}

/**
 * β* = 1 / (2 (n − 1) H_(n−1)), which makes best-of-n the optimum of the second part (arXiv 2406.00832, equation 4.2).
 *
 * @param n ≥ 2
 *
 * @example
 * ```ts
 * import { bonbonBeta } from "./bonbon.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(bonbonBeta(8), 0.0275482094, 1e-10);
 * ```
 */
export function bonbonBeta(n: number): number {
  let harmonic = 0;
  for (let i = 1; i < n; i++) harmonic += 1 / i;
  return 1 / (2 * (n - 1) * harmonic);
}
