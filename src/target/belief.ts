import { BladeError } from "../core/errors.ts";
import type { RewardBatch } from "../core/rewards.ts";
import { createEvidence, type Evidence, updateEvidence } from "./evidence.ts";
import { gaugesOf, type GaugeSums, gaugeSums, populationDeviation, type TargetGauges } from "./gauges.ts";
import { requireBestOf, requireCapacity, requireDiscount, requireWeight } from "./requirements.ts";
import { massAround, type RewardMass, rewardMass, totalMass } from "./reward_mass.ts";
import { emptyPool, poolMass, pourInto, type RewardPool } from "./reward_pool.ts";
import { bayesianWeighing, staticWeighing, weighGroup } from "./weigh_group.ts";

/** What the target is made of. */
export interface BeliefSettings {
  /** `bayesian` learns from every visit; `static` keeps what the reference's slates said. */
  readonly kind: "bayesian" | "static";
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
}

/** What a run believes of the rewards in each of its contexts. */
export interface Belief {
  readonly settings: BeliefSettings;
  /** [contexts] by `contextId`. */
  readonly evidence: readonly Evidence[];
  readonly pool: RewardPool;
}

/** The judgement of a batch of rollouts. */
export interface RolloutWeights {
  /** [B·G] ω in nats; NaN where the reward is not defined. */
  readonly logDensityRatio: Float64Array;
  /** [B·G] nats: mean ω of the group's others, weighed without this one; NaN where the reward is not defined. */
  readonly baseline: Float64Array;
  readonly gauges: TargetGauges;
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
 * const settings = { n: 4, priorStrength: 2, discount: 0.9, pooling: 0, maxAtoms: 128 };
 * let belief = createBelief({ kind: "bayesian", contexts: 1, ...settings });
 * belief = setPrior(belief, [0], Float64Array.of(0, 0.5), Uint8Array.of(1, 1), 2);
 * const rewards = {
 *   values: [],
 *   defined: Uint8Array.of(1, 1),
 *   reward: Float64Array.of(0.6, 0.7),
 *   undefinedReasons: new Map(),
 * };
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
  const none = createEvidence({ prior: [], priorStrength: 0, maxAtoms: settings.maxAtoms });
  return { settings, evidence: new Array<Evidence>(contexts).fill(none), pool: emptyPool() };
}

/**
 * The belief with the reference's slates as prior of some contexts, in place of what was known of those.
 *
 * @param contextIds [B]
 * @param rewards [B·M] rewards of the reference's slates, context-major.
 * @param defined [B·M] 1 where there is a reward; the prior's weight is shared among those.
 * @param slates M
 */
export function setPrior(
  belief: Belief,
  contextIds: ArrayLike<number>,
  rewards: Float64Array,
  defined: Uint8Array,
  slates: number,
): Belief {
  const { kind, priorStrength, maxAtoms } = belief.settings;
  const evidence = [...belief.evidence];
  const poured: number[] = [];
  eachGroup(belief, contextIds, rewards, defined, slates, (contextId, prior) => {
    const values = prior.map((row) => rewards[row]!);
    evidence[contextId] = createEvidence({
      prior: values,
      // The static share is counted in slates.
      priorStrength: kind === "static" ? values.length : priorStrength,
      maxAtoms: kind === "static" ? Math.max(maxAtoms, slates) : maxAtoms,
    });
    for (const value of values) poured.push(value);
  });
  return {
    ...belief,
    evidence,
    pool: belief.settings.pooling > 0 ? pourInto(belief.pool, poured) : belief.pool,
  };
}

/**
 * Weighs the rollouts of a batch, before the belief is updated with them. Slates without a reward are passed over:
 * they count for nobody, and get NaN.
 *
 * @param contextIds [B]
 * @param rewards of B·G slates, context-major.
 * @param o.groupSize G
 */
export function weighBatch(
  belief: Belief,
  contextIds: ArrayLike<number>,
  rewards: RewardBatch,
  o: { readonly groupSize: number },
): RolloutWeights {
  const { settings, pool } = belief;
  const weighing = settings.kind === "static" ? staticWeighing(settings.n) : bayesianWeighing(settings.n);
  const borrowed = settings.pooling > 0 && pool.rewards.length > 0 ? [poolMass(pool, settings.pooling)] : [];
  const logDensityRatio = new Float64Array(rewards.reward.length).fill(NaN);
  const baseline = new Float64Array(rewards.reward.length).fill(NaN);
  const sums = gaugeSums();
  eachGroup(belief, contextIds, rewards.reward, rewards.defined, o.groupSize, (contextId, rows) => {
    const evidence = belief.evidence[contextId]!;
    const masses = [rewardMass(evidence.rewards, evidence.weights), ...borrowed];
    const group = Float64Array.from(rows, (row) => rewards.reward[row]!);
    const weights = weighGroup(masses, group, weighing);
    rows.forEach((row, j) => {
      logDensityRatio[row] = weights.logDensityRatio[j]!;
      baseline[row] = weights.baseline[j]!;
    });
    addToGauges(sums, evidence, masses, group, weights.logDensityRatio);
  });
  return { logDensityRatio, baseline, gauges: gaugesOf(sums) };
}

/**
 * The belief after the visit of a batch: history fades and the rollouts are added, per context. A static belief
 * stays as it is.
 *
 * @param contextIds [B]
 * @param rewards of B·G slates, context-major.
 * @param o.groupSize G
 */
export function updateBatch(
  belief: Belief,
  contextIds: ArrayLike<number>,
  rewards: RewardBatch,
  o: { readonly groupSize: number },
): Belief {
  const { kind, discount, pooling } = belief.settings;
  if (kind === "static") return belief;
  const evidence = [...belief.evidence];
  const poured: number[] = [];
  eachGroup(belief, contextIds, rewards.reward, rewards.defined, o.groupSize, (contextId, rows) => {
    const group = rows.map((row) => rewards.reward[row]!);
    evidence[contextId] = updateEvidence(evidence[contextId]!, group, { discount });
    for (const reward of group) poured.push(reward);
  });
  return { ...belief, evidence, pool: pooling > 0 ? pourInto(belief.pool, poured) : belief.pool };
}

/** Calls back with the rows of each context's defined rewards, where it has any. */
function eachGroup(
  belief: Belief,
  contextIds: ArrayLike<number>,
  rewards: Float64Array,
  defined: Uint8Array,
  groupSize: number,
  visit: (contextId: number, rows: number[]) => void,
): void {
  const rows = contextIds.length * groupSize;
  if (rewards.length !== rows || defined.length !== rows) {
    throw new RangeError(
      `Cannot read rewards by group: ${contextIds.length} contexts of ${groupSize} need ${rows}, got ` +
        `${rewards.length} rewards and ${defined.length} marks`,
    );
  }
  for (let b = 0; b < contextIds.length; b++) {
    const contextId = contextIds[b]!;
    if (belief.evidence[contextId] === undefined) {
      throw new RangeError(
        `Cannot find evidence: contextId must be below ${belief.evidence.length}, got ${contextId}`,
      );
    }
    const group: number[] = [];
    for (let row = b * groupSize; row < (b + 1) * groupSize; row++) if (defined[row]) group.push(row);
    if (group.length > 0) visit(contextId, group);
  }
}

function addToGauges(
  sums: GaugeSums,
  evidence: Evidence,
  masses: readonly RewardMass[],
  group: Float64Array,
  logDensityRatio: Float64Array,
): void {
  const weight = totalMass(masses);
  sums.contexts += 1;
  sums.rollouts += group.length;
  sums.deviation += populationDeviation(logDensityRatio);
  sums.evidenceWeight += weight;
  if (weight > 0) sums.priorShare += evidence.priorWeights.reduce((sum, part) => sum + part, 0) / weight;
  for (const reward of group) {
    const [, equal, above] = massAround(masses, reward);
    if (weight > 0 && equal + above === 0) sums.above += 1;
  }
  if (group.length > 1) {
    sums.groups += 1;
    if (group.every((reward) => reward === group[0])) sums.tied += 1;
  }
}
