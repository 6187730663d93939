import type { StaticTies } from "../core/rewards.ts";
import { digammaDifference, logBetaMoment } from "../numerics/gamma_differences.ts";
import { log1mExp } from "../numerics/log_space.ts";
import { log } from "../numerics/logarithms.ts";

/**
 * ω = log ρ̂, the log density ratio of best-of-n over the policy as the belief sees it, in nats.
 *
 * The reward distribution is a Dirichlet process whose observations weigh W = below + equal + above, so the mass
 * up to a reward is Beta distributed and the posterior mean of the best-of-n mass over that of the mass is
 *
 *     ρ̂ = (m_n(below + equal, above) − m_n(below, equal + above)) · W / equal      m_n(a, b) = E[Xⁿ], X ~ Beta(a, b)
 *
 * and its limit equal → 0 between, above and below the observations. ρ̂ has mean exactly 1 under the observations;
 * it is 1 everywhere when n = 1 or when nothing was observed. Our own derivation from the idea of arXiv 2605.04559
 * and the tie-aware best-of-n of arXiv 2407.14622.
 *
 * @param below Weight of the observations with a lower reward, ≥ 0.
 * @param equal Weight of those with the same reward, ≥ 0.
 * @param above Weight of those with a higher reward, ≥ 0.
 * @param n The N of best-of-N, ≥ 1; need not be an integer.
 *
 * @example
 * ```ts
 * import { logDensityRatio } from "./density_ratio.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * // Two observations below and two equal, n = 8: (1 − 2·3/(10·11)) · 4/2
 * assertAlmostEquals(Math.exp(logDensityRatio(2, 2, 0, 8)), (1 - 6 / 110) * 2, 1e-12);
 * ```
 */
export function logDensityRatio(below: number, equal: number, above: number, n: number): number {
  const total = below + equal + above;
  if (n === 1 || total === 0) return 0;
  if (equal > 0) {
    // m_n(below, …) / m_n(below + equal, …) is itself a Beta moment, so nothing cancels when `equal` is tiny.
    return logBetaMoment(below + equal, above, n) + log1mExp(logBetaMoment(below, equal, n)) +
      log(total / equal);
  }
  if (below > 0) {
    return logBetaMoment(below, above, n) + log(total) + log(digammaDifference(below, n));
  }
  // Γ(n) Γ(W) / Γ(W+n) = m_n(1, W − 1) / n
  return logBetaMoment(1, total - 1, n) + log(total / n);
}

/**
 * ω of the static target: log n + (n−1) log p̂ with p̂ the share of the reference's slates below, ties as told, and at
 * least half a slate (arXiv 2407.06057, 2407.14622). Every reward above all slates gets the same value.
 *
 * @param below Number of reference slates with a lower reward.
 * @param equal Number of those with the same reward.
 * @param slates Number of reference slates M; without any, the ratio is 1.
 *
 * @example
 * ```ts
 * import { staticLogDensityRatio } from "./density_ratio.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(Math.exp(staticLogDensityRatio(1, 2, 4, 3)), 3 * 0.5 ** 2, 1e-15);
 * assertAlmostEquals(Math.exp(staticLogDensityRatio(1, 2, 4, 3, "up-to")), 3 * 0.75 ** 2, 1e-15);
 * assertAlmostEquals(Math.exp(staticLogDensityRatio(1, 2, 4, 3, "exact")), (0.75 ** 3 - 0.25 ** 3) / 0.5, 1e-15);
 * ```
 */
export function staticLogDensityRatio(
  below: number,
  equal: number,
  slates: number,
  n: number,
  ties: StaticTies = "half",
): number {
  if (slates === 0) return 0;
  if (ties === "exact" && equal > 0) {
    const upTo = below + equal;
    return n * log(upTo / slates) + log1mExp(n * log(below / upTo)) - log(equal / slates);
  }
  const counted = ties === "half" ? below + equal / 2 : below + equal;
  const share = Math.max(counted / slates, 1 / (2 * slates));
  return log(n) + (n - 1) * log(share);
}
