import { bestAndWorst, meanGroupLoss } from "./group_loss.ts";
import { preferenceLoss } from "./s_dpo.ts";

/**
 * Self-play (SPRec, arXiv 2412.09243), for slates. The last of the G slates of a context is the greedy one
 * of the opponent, the policy as it was when the round's second half began; the others are the reference's, and the
 * best of those is the positive. The first half of a round learns the positive, the second prefers it to the greedy one
 * by DPO, with the opponent for π_ref. Where the greedy slate is no worse than the positive the reward prefers nothing,
 * and neither does this; the paper, which has clicks and no rewards, prefers the click always.
 *
 * @param o.part which half of a round
 * @param o.groupSize G, at least 2
 * @param o.beta β of DPO
 *
 * @example
 * ```ts
 * import { sprec } from "./sprec.ts";
 * import { assertEquals } from "@std/assert";
 * const input = {
 *   groupSize: 3,
 *   reward: Float64Array.of(1, 2, 0),
 *   logDensityRatio: new Float64Array(3),
 *   baseline: new Float64Array(3),
 *   policyLogProb: Float64Array.of(-3, -2, -1),
 *   anchorLogProb: Float64Array.of(-3, -2, -1),
 * };
 * const of = (part: "imitate" | "self-play") => sprec({ part, groupSize: 3, beta: 1 });
 * assertEquals([...of("imitate").coefficients(input)], [0, 1, 0]);
 * assertEquals([...of("self-play").coefficients(input)], [0, 0.5, -0.5]);
 * ```
 */
export function sprec(
  { part, groupSize, beta }: {
    readonly part: "imitate" | "self-play";
    readonly groupSize: number;
    readonly beta: number;
  },
): ReturnType<typeof meanGroupLoss> {
  return meanGroupLoss("sprec", (group) => {
    const { reward, policyLogProb, place } = group;
    const sampled = place.filter((at) => at < groupSize - 1).length;
    if (sampled === 0) return null;
    const { best } = bestAndWorst(reward.subarray(0, sampled));
    if (part === "imitate") {
      const coefficients = new Float64Array(reward.length);
      coefficients[best] = 1;
      return { loss: -policyLogProb[best]!, coefficients };
    }
    const greedy = sampled;
    const worse = greedy < reward.length && reward[greedy]! < reward[best]!;
    return worse ? preferenceLoss(group, best, [greedy], beta) : null;
  });
}
