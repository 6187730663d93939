import { exp, expm1 } from "../numerics/exponentials.ts";

/**
 * Root mean square over the rollouts of the coefficient on ∇ log π(y_j): how much of an update there is, also where
 * a group has one rollout or ties, and its spread is 0.
 *
 * @param coefficients [B·G] as an `Objective` gives them.
 *
 * @example
 * ```ts
 * import { updateSignal } from "./gauges.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(updateSignal(Float64Array.of(3, -4, 0, 0)), 2.5);
 * ```
 */
export function updateSignal(coefficients: Float64Array): number {
  if (coefficients.length === 0) return 0;
  return Math.sqrt(coefficients.reduce((sum, c) => sum + c * c, 0) / coefficients.length);
}

/**
 * KL(π‖π_ref) in nats per slate, from slates that π drew: the mean of e^d − d − 1 with d = log π_ref − log π, the
 * estimator known as k3, which is never negative.
 *
 * @param policyLogProb [rows] nats.
 * @param referenceLogProb [rows] nats.
 *
 * @example
 * ```ts
 * import { klToReference } from "./gauges.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * assertEquals(klToReference(Float64Array.of(-0.5), Float64Array.of(-0.5)), 0);
 * assertAlmostEquals(klToReference(Float64Array.of(-1), Float64Array.of(-1.2)), 0.018730753077981888, 1e-15);
 * ```
 */
export function klToReference(policyLogProb: Float64Array, referenceLogProb: Float64Array): number {
  if (policyLogProb.length !== referenceLogProb.length) {
    throw new RangeError(
      `Cannot compare policies: both need the same rows, got ${policyLogProb.length} and ${referenceLogProb.length}`,
    );
  }
  let sum = 0;
  for (let row = 0; row < policyLogProb.length; row++) {
    const d = referenceLogProb[row]! - policyLogProb[row]!;
    sum += expm1(d) - d;
  }
  return sum / Math.max(1, policyLogProb.length);
}

/**
 * KL(π‖π_ref) in nats per slate, from slates that π_ref drew: the mean of w log w − w + 1 with w = π/π_ref, never
 * negative. The farther π is, the fewer of the slates tell.
 *
 * @param policyLogProb [rows] nats.
 * @param referenceLogProb [rows] nats.
 *
 * @example
 * ```ts
 * import { klFromReference } from "./gauges.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * // π = (3/4, 1/4), π_ref = (1/2, 1/2), one slate of each: the divergence itself.
 * const kl = klFromReference(Float64Array.of(Math.log(3 / 4), Math.log(1 / 4)), new Float64Array(2).fill(-Math.LN2));
 * assertAlmostEquals(kl, 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 1e-15);
 * ```
 */
export function klFromReference(policyLogProb: Float64Array, referenceLogProb: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < policyLogProb.length; row++) {
    const d = policyLogProb[row]! - referenceLogProb[row]!;
    sum += d * exp(d) - expm1(d);
  }
  return sum / Math.max(1, policyLogProb.length);
}

/**
 * Entropy of the policy in nats per item, estimated from slates that it drew: −Σ log π over the items drawn.
 *
 * @param policyLogProb [rows] nats per slate.
 * @param items Items in all of these slates.
 *
 * @example
 * ```ts
 * import { entropyPerItem } from "./gauges.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(entropyPerItem(Float64Array.of(-4, -8), 6), 2);
 * ```
 */
export function entropyPerItem(policyLogProb: Float64Array, items: number): number {
  return items === 0 ? 0 : -policyLogProb.reduce((sum, value) => sum + value, 0) / items;
}
