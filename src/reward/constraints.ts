import type { LoadedMetric } from "./registry.ts";

/** A bound on the mean of a metric over the lists: "as good as it goes while this holds". */
export interface Constraint {
  readonly metric: LoadedMetric;
  /** Which side of the bound is allowed. */
  readonly side: "atLeast" | "atMost";
  readonly bound: number;
}

/** How far a metric moves, in its own units: what a gap to the bound is measured by. */
export interface ConstraintScale {
  /** Of the metric's part of one list's reward. */
  readonly reward: number;
  /** Of the metric's mean over lists; of a metric of many lists together, of its value. */
  readonly level: number;
}

/**
 * How far a level is on the wrong side of the bound, in the metric's scale; negative while the constraint is kept.
 *
 * @example
 * ```ts
 * import { gapOf } from "./constraints.ts";
 * import { assertEquals } from "@std/assert";
 * const atMost = { metric: {} as never, side: "atMost", bound: 0.5 } as const;
 * assertEquals(gapOf(atMost, 0.75, { reward: 1, level: 0.5 }), 0.5);
 * assertEquals(gapOf({ ...atMost, side: "atLeast" }, 0.75, { reward: 1, level: 0.5 }), -0.5);
 * ```
 */
export function gapOf({ side, bound }: Constraint, level: number, { level: scale }: ConstraintScale): number {
  return (side === "atMost" ? level - bound : bound - level) / scale;
}

/**
 * The Lagrange multipliers after a step of dual ascent: each rises while its constraint is violated, falls while there
 * is room, and is never below 0. A level that is not defined leaves its multiplier as it is.
 *
 * @param multipliers [constraints]
 * @param gaps [constraints] of `gapOf`; NaN where the level is not defined
 * @param rate of the ascent, per step and unit of gap
 *
 * @example
 * ```ts
 * import { ascend } from "./constraints.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(ascend(Float64Array.of(0.5, 0.125, 1), [2, -4, NaN], 0.25), Float64Array.of(1, 0, 1));
 * ```
 */
export function ascend(multipliers: Float64Array, gaps: readonly number[], rate: number): Float64Array {
  return multipliers.map((multiplier, i) =>
    Number.isNaN(gaps[i]!) ? multiplier : Math.max(0, multiplier + rate * gaps[i]!)
  );
}
