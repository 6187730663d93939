import { eachDefinedGroup, type Objective } from "./objective.ts";

/**
 * The gradient of max@k, the expected largest of k rewards (arXiv 2510.23393; the leave-one-out form of arXiv
 * 2505.15201): c_i = s_i, the mean over the k-subsets of the group of what i adds to their maximum.
 *
 * A group with fewer than k defined slates says nothing of max@k, and gets 0.
 *
 * @param o.k ≥ 2; with 1 there is nothing that leaving out could leave, and `rloo` is that.
 *
 * @example
 * ```ts
 * import { maxAtK } from "./max_at_k.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const c = maxAtK({ k: 2 }).coefficients({
 *   groupSize: 3,
 *   reward: Float64Array.of(0, 3, 1),
 *   logDensityRatio: new Float64Array(3),
 *   baseline: new Float64Array(3),
 *   policyLogProb: new Float64Array(3),
 *   anchorLogProb: null,
 * });
 * [0, 5 / 3, 1 / 3].forEach((expected, i) => assertAlmostEquals(c[i]!, expected));
 * ```
 */
export function maxAtK({ k }: { readonly k: number }): Objective {
  return {
    name: "max@k",
    coefficients({ groupSize, reward }) {
      const out = new Float64Array(reward.length);
      eachDefinedGroup(reward, groupSize, (rows) => {
        const weights = maxAtKWeights(Float64Array.from(rows, (row) => reward[row]!), k);
        rows.forEach((row, i) => out[row] = weights[i]!);
      });
      return out;
    },
  };
}

/**
 * s_i = C(n, k)⁻¹ Σ over the k-subsets I with i of (max of I − max of I without i). Only where i is the largest of a
 * subset does it add, and then its distance from the second: s_i = Σ_(q below i) C(q − 1, k − 2) (r_i − r_q) / C(n, k),
 * q the rank of r_q from 1 upwards.
 *
 * @param rewards [n]
 * @returns [n] all 0 where n < k
 *
 * @example
 * ```ts
 * import { maxAtKWeights } from "./max_at_k.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(maxAtKWeights(Float64Array.of(4, 1), 2), Float64Array.of(3, 0));
 * ```
 */
export function maxAtKWeights(rewards: Float64Array, k: number): Float64Array {
  const n = rewards.length;
  const out = new Float64Array(n);
  if (n < k) return out;
  const order = Array.from(rewards, (_, i) => i).sort((a, b) => rewards[a]! - rewards[b]! || a - b);
  for (let q = k - 1; q < n; q++) {
    // C(q − 1, k − 2) / C(n, k), the share of subsets in which rank q is second.
    const share = shareOfSubsets(q, n, k);
    for (const i of order.slice(q)) out[i]! += share * (rewards[i]! - rewards[order[q - 1]!]!);
  }
  return out;
}

/** C(q − 1, k − 2) / C(n, k), without a binomial that could overflow. */
function shareOfSubsets(q: number, n: number, k: number): number {
  // C(n − 2, k − 2) / C(n, k), and then down from n − 2 to q − 1.
  let share = k * (k - 1) / (n * (n - 1));
  for (let m = n - 2; m > q - 1; m--) share *= (m - k + 2) / m;
  return share;
}
