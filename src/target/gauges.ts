import { square } from "../numerics/power.ts";

/** What the target tells of a batch before its evidence is updated. Means over the contexts with a defined reward. */
export interface TargetGauges {
  /** Nats: mean over contexts of the population standard deviation of ω in the group. 0 at G = 1. */
  readonly signal: number;
  /** Share of the rollouts above everything observed in their context before the visit. */
  readonly saturated: number;
  /** Share of the groups of two or more whose rewards all agree; 0 when there is no such group. */
  readonly tied: number;
  /** Prior weight over all weight of the evidence before the visit; 0 without evidence. */
  readonly priorShare: number;
  /** W: weight of the evidence before the visit, in observations. */
  readonly evidenceWeight: number;
}

/** Running sums behind `TargetGauges`. */
export interface GaugeSums {
  /** Contexts with a defined reward. */
  contexts: number;
  /** Rollouts with a defined reward. */
  rollouts: number;
  /** Groups of two defined rewards or more. */
  groups: number;
  /** Nats. */
  deviation: number;
  /** Rollouts above everything observed. */
  above: number;
  /** Groups whose rewards all agree. */
  tied: number;
  /** Prior share of each context. */
  priorShare: number;
  /** Observations. */
  evidenceWeight: number;
}

/** Sums of nothing. */
export function gaugeSums(): GaugeSums {
  return {
    contexts: 0,
    rollouts: 0,
    groups: 0,
    deviation: 0,
    above: 0,
    tied: 0,
    priorShare: 0,
    evidenceWeight: 0,
  };
}

/** The gauges of the summed contexts; all 0 of none. */
export function gaugesOf(sums: GaugeSums): TargetGauges {
  const contexts = Math.max(1, sums.contexts);
  return {
    signal: sums.deviation / contexts,
    saturated: sums.above / Math.max(1, sums.rollouts),
    tied: sums.tied / Math.max(1, sums.groups),
    priorShare: sums.priorShare / contexts,
    evidenceWeight: sums.evidenceWeight / contexts,
  };
}

/**
 * Population standard deviation.
 *
 * @example
 * ```ts
 * import { populationDeviation } from "./gauges.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(populationDeviation([1, 3, 1, 3]), 1);
 * ```
 */
export function populationDeviation(values: ArrayLike<number>): number {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += values[i]! / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += square(values[i]! - mean);
  return Math.sqrt(squares / values.length);
}
