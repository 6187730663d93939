import { BladeError } from "../core/errors.ts";
import { backward } from "./backward.ts";
import { distill } from "./distill.ts";
import type { Objective } from "./objective.ts";

/**
 * (1 − β) KL(T‖π) + β KL(π‖T), the Jeffreys divergence of arXiv 2407.14622: imitation and policy gradient mixed.
 *
 * @param o.beta β in [0, 1]: 0 is `distill`, 1 is `backward`.
 * @param o.floor Least ω of the backward part, nats.
 * @throws {BladeError} when β is not in [0, 1].
 *
 * @example
 * ```ts
 * import { jeffreys } from "./jeffreys.ts";
 * import { assertEquals } from "@std/assert";
 * const [c] = jeffreys({ beta: 0.5 }).coefficients({
 *   groupSize: 1,
 *   reward: new Float64Array(1),
 *   logDensityRatio: Float64Array.of(Math.log(2)),
 *   baseline: Float64Array.of(0),
 *   policyLogProb: Float64Array.of(-1),
 *   anchorLogProb: null,
 * });
 * assertEquals(c, 0.5 * 1 + 0.5 * Math.log(2));
 * ```
 */
export function jeffreys(o: { readonly beta: number; readonly floor?: number }): Objective {
  const { beta } = o;
  if (!(beta >= 0 && beta <= 1)) {
    throw new BladeError({
      place: "align.beta",
      rule: "must be between 0 and 1",
      value: beta,
      mend: "use 0.5 for equal parts of distill and backward",
    });
  }
  const forward = distill();
  const reverse = backward(o);
  return {
    name: "jeffreys",
    coefficients(input) {
      const other = reverse.coefficients(input);
      return forward.coefficients(input).map((c, row) => (1 - beta) * c + beta * other[row]!);
    },
  };
}
