import { bestAndWorst } from "./group_loss.ts";
import { eachDefinedGroup, type Objective } from "./objective.ts";
import { log } from "../numerics/logarithms.ts";

/** Slates of a context that the moving anchor draws: the last ones of its group. */
export const ANCHOR_SLATES = 2;

/**
 * J-BOND (arXiv 2407.14622, equation 17 and its algorithm): best of two of an anchor that follows the policy, again and
 * again. Of the G slates of a context the last two are the anchor's, y' and y''; the others are the policy's. In
 * parts 1 − β and β,
 *
 *     forward: −log π(the better of y', y'')         backward: r_J − (log π − log π_anchor), a policy gradient
 *
 * with the other policy slates of the batch for a baseline. A context whose anchor slates lack a reward teaches
 * nothing.
 *
 * @param o.beta β in [0, 1]
 *
 * @example
 * ```ts
 * import { jBond } from "./j_bond.ts";
 * import { assertEquals } from "@std/assert";
 * const c = jBond({ beta: 0.5 }).coefficients({
 *   groupSize: 4,
 *   reward: Float64Array.of(0, 2, 1, 3),
 *   logDensityRatio: new Float64Array(4),
 *   baseline: new Float64Array(4),
 *   policyLogProb: new Float64Array(4),
 *   anchorLogProb: new Float64Array(4),
 * });
 * const half = Math.log(16) / 2 / 2;
 * assertEquals([...c], [-half, half, 0, 0.5]);
 * ```
 */
export function jBond({ beta }: { readonly beta: number }): Objective {
  return {
    name: "j-bond",
    coefficients({ groupSize, reward, policyLogProb, anchorLogProb }) {
      const out = new Float64Array(reward.length);
      const own = groupSize - ANCHOR_SLATES;
      const returns: { row: number; value: number }[] = [];
      eachDefinedGroup(reward, groupSize, (rows) => {
        const anchors = rows.filter((row) => row % groupSize >= own);
        if (anchors.length < ANCHOR_SLATES) return;
        const drawn = Float64Array.from(anchors, (row) => reward[row]!);
        out[anchors[bestAndWorst(drawn).best]!] = 1 - beta;
        for (const row of rows) {
          if (row % groupSize >= own) continue;
          const drift = anchorLogProb === null ? 0 : policyLogProb[row]! - anchorLogProb[row]!;
          returns.push({ row, value: jBondReward(reward[row]!, drawn) - drift });
        }
      });
      const total = returns.reduce((sum, { value }) => sum + value, 0);
      for (const { row, value } of returns) {
        const others = returns.length > 1 ? (total - value) / (returns.length - 1) : 0;
        out[row] = beta * (value - others) / own;
      }
      return out;
    },
  };
}

/**
 * r_J-BOND (arXiv 2407.14622, equation 17): −log 16 for a slate that is worse than both of the anchor's, else 0.
 *
 * @example
 * ```ts
 * import { jBondReward } from "./j_bond.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([jBondReward(0, [1, 2]), jBondReward(1, [1, 2])], [-Math.log(16), 0]);
 * ```
 */
export function jBondReward(reward: number, anchors: ArrayLike<number>): number {
  return reward < Math.min(...Array.from(anchors)) ? -log(16) : 0;
}
