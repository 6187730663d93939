import { exp } from "../numerics/exponentials.ts";

/** How far the ratio of the policy to that which drew the slates may go before it is clipped: 1 − low … 1 + high. */
export interface ClipRange {
  readonly low: number;
  readonly high: number;
}

/**
 * The clipped surrogate of PPO (arXiv 1707.06347, equation 7), to be maximised: min(ϱ A, clip(ϱ, 1 − low, 1 + high) A).
 * With high > low it is DAPO's clip-higher (arXiv 2503.14476).
 *
 * @param ratio ϱ = π(y) / π_behavior(y)
 *
 * @example
 * ```ts
 * import { clippedSurrogate } from "./ppo_clip.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(clippedSurrogate(1.5, 1, { low: 0.2, high: 0.2 }), 1.2);
 * assertEquals(clippedSurrogate(1.5, -1, { low: 0.2, high: 0.2 }), -1.5);
 * ```
 */
export function clippedSurrogate(ratio: number, advantage: number, { low, high }: ClipRange): number {
  return Math.min(ratio * advantage, Math.min(Math.max(ratio, 1 - low), 1 + high) * advantage);
}

/**
 * The coefficients of a further update on the same slates: the slope of the clipped surrogate by ℓ, which is A ϱ, and 0
 * where ϱ has gone past its bound to the side that A wants.
 *
 * @param advantages [B·G] the coefficients of the first update, when the policy was the one that drew.
 * @param policyLogProb [B·G] nats, of the policy now.
 * @param behaviorLogProb [B·G] nats, of the policy that drew.
 * @returns the coefficients, and the share of the slates that teach and were clipped.
 *
 * @example
 * ```ts
 * import { clippedCoefficients } from "./ppo_clip.ts";
 * import { assertEquals } from "@std/assert";
 * const { coefficients, clipped } = clippedCoefficients(
 *   Float64Array.of(1, -1),
 *   Float64Array.of(Math.log(2), Math.log(2)),
 *   new Float64Array(2),
 *   { low: 0.2, high: 0.2 },
 * );
 * assertEquals([[...coefficients], clipped], [[0, -2], 0.5]);
 * ```
 */
export function clippedCoefficients(
  advantages: Float64Array,
  policyLogProb: Float64Array,
  behaviorLogProb: Float64Array,
  { low, high }: ClipRange,
): { coefficients: Float64Array; clipped: number } {
  let teaching = 0;
  let clipped = 0;
  const coefficients = advantages.map((advantage, row) => {
    if (advantage === 0) return 0;
    teaching++;
    const ratio = exp(policyLogProb[row]! - behaviorLogProb[row]!);
    if (advantage > 0 ? ratio > 1 + high : ratio < 1 - low) {
      clipped++;
      return 0;
    }
    return advantage * ratio;
  });
  return { coefficients, clipped: clipped / Math.max(1, teaching) };
}
