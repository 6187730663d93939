import { logSumExp } from "../numerics/log_space.ts";
import { bestAndWorst, type Group, type GroupLoss, meanGroupLoss } from "./group_loss.ts";
import { exp } from "../numerics/exponentials.ts";

/**
 * Direct preference optimisation against several losers (S-DPO, arXiv 2406.09215): loss
 * −log softmax(β Δ)_w over the best slate w and the losers, Δ = log π − log π_ref. The losers are the lowest slates of
 * the group that are worse than the best; a group that ties throughout prefers nothing.
 *
 * @param o.beta β
 * @param o.losers how many at most
 *
 * @example
 * ```ts
 * import { sDpo } from "./s_dpo.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const input = {
 *   groupSize: 3,
 *   reward: Float64Array.of(0, 2, 1),
 *   logDensityRatio: new Float64Array(3),
 *   baseline: new Float64Array(3),
 *   policyLogProb: Float64Array.of(-1, -2, -3),
 *   anchorLogProb: Float64Array.of(-1, -2, -3),
 * };
 * assertAlmostEquals(sDpo({ beta: 1, losers: 2 }).value(input), Math.log(3));
 * assertEquals([...sDpo({ beta: 1, losers: 1 }).coefficients(input)], [-0.5, 0.5, 0]);
 * ```
 */
export function sDpo(
  { beta, losers }: { readonly beta: number; readonly losers: number },
): ReturnType<typeof meanGroupLoss> {
  return meanGroupLoss("s-dpo", (group) => {
    const { reward } = group;
    const { best } = bestAndWorst(reward);
    const worse = Array.from(reward, (_, j) => j)
      .filter((j) => reward[j]! < reward[best]!)
      .sort((a, b) => reward[a]! - reward[b]! || a - b);
    return preferenceLoss(group, best, worse.slice(0, losers), beta);
  });
}

/**
 * −log softmax(β Δ) of the winner among itself and the losers; null without losers.
 *
 * @example
 * ```ts
 * import { preferenceLoss } from "./s_dpo.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const group = {
 *   reward: Float64Array.of(1, 0),
 *   policyLogProb: Float64Array.of(-1, -3),
 *   anchorLogProb: Float64Array.of(-1, -1),
 *   place: Int32Array.of(0, 1),
 * };
 * assertAlmostEquals(preferenceLoss(group, 0, [1], 0.5)!.loss, Math.log(1 + Math.exp(-1)));
 * ```
 */
export function preferenceLoss(
  { policyLogProb, anchorLogProb }: Pick<Group, "policyLogProb" | "anchorLogProb">,
  winner: number,
  losers: readonly number[],
  beta: number,
): GroupLoss | null {
  if (losers.length === 0) return null;
  const gain = (j: number) => beta * (policyLogProb[j]! - anchorLogProb[j]!);
  const all = logSumExp([winner, ...losers].map(gain));
  const coefficients = new Float64Array(policyLogProb.length);
  for (const j of losers) coefficients[j] = -beta * exp(gain(j) - all);
  coefficients[winner] = -losers.reduce((sum, j) => sum + coefficients[j]!, 0);
  return { loss: all - gain(winner), coefficients };
}
