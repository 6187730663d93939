import { BladeError } from "../core/errors.ts";
import { roundSignificant } from "../numerics/round_significant.ts";
import { requireBestOf, requireRewards } from "./requirements.ts";
import { expm1 } from "../numerics/exponentials.ts";
import { log, log1p } from "../numerics/logarithms.ts";
import { pow } from "../numerics/power.ts";

/**
 * Density ratio π_BoN / π of drawing n times from a known discrete distribution and keeping the best reward, ties
 * broken evenly (arXiv 2407.14622, theorem 1): (p_≤ⁿ − p_<ⁿ) / p_=. Its mean under the distribution is 1.
 *
 * @param probabilities [outcomes] probability of each outcome; they sum to 1.
 * @param rewards [outcomes] reward of each outcome.
 * @param n The N of best-of-N, ≥ 1; need not be an integer.
 * @returns [outcomes] the ratio; outcomes of probability 0 get the limit.
 * @throws {BladeError} when the inputs are no distribution, or a reward is no number.
 *
 * @example
 * ```ts
 * import { bestOfNDensityRatio } from "./best_of_n.ts";
 * import { assertEquals } from "@std/assert";
 * // Of two fair draws the better outcome is kept unless both are the worse one: 3/4 against 1/4.
 * assertEquals(bestOfNDensityRatio([0.5, 0.5], [0, 1], 2), [0.5, 1.5]);
 * ```
 */
export function bestOfNDensityRatio(
  probabilities: ArrayLike<number>,
  rewards: ArrayLike<number>,
  n: number,
): number[] {
  requireBestOf(n);
  requireRewards("rewards", rewards);
  requireDistribution(probabilities, rewards.length);
  const rounded = Array.from(rewards, (reward) => roundSignificant(reward));
  return rounded.map((reward) => {
    let below = 0;
    let equal = 0;
    for (let i = 0; i < rounded.length; i++) {
      if (rounded[i]! < reward) below += probabilities[i]!;
      else if (rounded[i] === reward) equal += probabilities[i]!;
    }
    if (equal === 0) return n * pow(below, n - 1);
    const upTo = below + equal;
    // p_≤ⁿ (1 − (p_</p_≤)ⁿ), which keeps its digits when p_= is a small part of p_≤.
    return pow(upTo, n) * -expm1(n * log1p(-equal / upTo)) / equal;
  });
}

/**
 * Best of n where no two rewards tie: its divergence from its policy, log n − (n−1)/n, which is the most that it can
 * have (arXiv 2401.01879), and how often it beats a draw of the policy, n/(n+1) (arXiv 2406.00832).
 *
 * @param n ≥ 1
 * @returns `divergence` in nats, `winRate` a share.
 *
 * @example
 * ```ts
 * import { bestOfNLimits } from "./best_of_n.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(bestOfNLimits(1), { divergence: 0, winRate: 0.5 });
 * assertEquals(bestOfNLimits(2), { divergence: Math.LN2 - 0.5, winRate: 2 / 3 });
 * ```
 */
export function bestOfNLimits(n: number): { divergence: number; winRate: number } {
  requireBestOf(n);
  return { divergence: log(n) - (n - 1) / n, winRate: n / (n + 1) };
}

function requireDistribution(probabilities: ArrayLike<number>, outcomes: number): void {
  const sum = Array.from(probabilities).reduce((total, p) => total + p, 0);
  const negative = Array.from(probabilities).find((p) => !(p >= 0));
  if (probabilities.length !== outcomes) {
    throw new BladeError({
      place: "probabilities",
      rule: `must have one entry per reward (${outcomes})`,
      value: probabilities.length,
      mend: "give the probability of each outcome",
    });
  }
  if (negative !== undefined || Math.abs(sum - 1) > 1e-9) {
    throw new BladeError({
      place: "probabilities",
      rule: "must be at least 0 and sum to 1",
      value: negative ?? sum,
      mend: "normalise them first",
    });
  }
}
