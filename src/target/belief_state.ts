import { BladeError } from "../core/errors.ts";
import type { StaticTies } from "../core/rewards.ts";
import { createEvidence, type Evidence } from "./evidence.ts";
import { requireBestOf, requireCapacity, requireDiscount, requireWeight } from "./requirements.ts";
import { emptyPool, type RewardPool } from "./reward_pool.ts";

/** What the target is made of. */
export interface BeliefSettings {
  /** `bayesian` learns from every visit; `static` keeps what the reference's slates said. */
  readonly kind: "bayesian" | "static";
  /** How `static` counts ties; `half` unless told. */
  readonly ties?: StaticTies;
  /** The N of best-of-N, ≥ 1. */
  readonly n: number;
  /** α: weight of a context's reference slates together, in pseudo-observations. Of no effect on `static`. */
  readonly priorStrength: number;
  /** λ in (0, 1] per visit. */
  readonly discount: number;
  /** α_pool: weight of the recent rewards of all contexts in the judgement of each; 0 for none. */
  readonly pooling: number;
  /** Distinct rewards remembered per context. */
  readonly maxAtoms: number;
  /** Metrics that the rewards are made of; 1 for a plain reward. */
  readonly columns: number;
}

/** What a run believes of the rewards in each of its contexts. */
export interface Belief {
  /** What it was created with. */
  readonly settings: BeliefSettings;
  /** [contexts] by `contextId`. */
  readonly evidence: readonly Evidence[];
  /** Recent rewards of all contexts; empty without pooling. */
  readonly pool: RewardPool;
}

/**
 * The belief before anything was seen. Give the contexts their reference slates with `setPrior`.
 *
 * @param o.contexts Number of contexts; a `contextId` is 0 … contexts − 1.
 * @throws {BladeError} when a setting is out of its range.
 *
 * @example
 * ```ts
 * import { createBelief, setPrior, updateBatch, weighBatch } from "./belief.ts";
 * import { assert, assertEquals } from "@std/assert";
 * const settings = { n: 4, priorStrength: 2, discount: 0.9, pooling: 0, maxAtoms: 128, columns: 1 };
 * let belief = createBelief({ kind: "bayesian", contexts: 1, ...settings });
 * const of = (...values: number[]) => ({ values: [Float64Array.from(values)], defined: Uint8Array.of(1, 1) });
 * belief = setPrior(belief, [0], of(0, 0.5), 2);
 * const rewards = of(0.6, 0.7);
 * const before = weighBatch(belief, Int32Array.of(0), rewards, { groupSize: 2 });
 * assert(before.gauges.signal > 0);
 * assertEquals(before.gauges.saturated, 1);
 * belief = updateBatch(belief, Int32Array.of(0), rewards, { groupSize: 2 });
 * assertEquals(weighBatch(belief, Int32Array.of(0), rewards, { groupSize: 2 }).gauges.saturated, 0);
 * ```
 */
export function createBelief(o: BeliefSettings & { readonly contexts: number }): Belief {
  const { contexts, ...settings } = o;
  requireBestOf(settings.n);
  requireWeight("target.priorStrength", settings.priorStrength);
  requireDiscount(settings.discount);
  requireWeight("target.pooling", settings.pooling);
  requireCapacity(settings.maxAtoms);
  if (settings.kind === "static" && settings.pooling > 0) {
    throw new BladeError({
      place: "target.pooling",
      rule: 'must be 0 with kind "static", which looks at the context\'s reference slates alone',
      value: settings.pooling,
      mend: 'set it to 0, or the kind to "bayesian"',
    });
  }
  const { maxAtoms, columns } = settings;
  const none = createEvidence({ prior: [], priorStrength: 0, maxAtoms, columns });
  return { settings, evidence: new Array<Evidence>(contexts).fill(none), pool: emptyPool(columns) };
}
