import type { RewardBatch } from "../core/rewards.ts";
import type { Belief } from "./belief_state.ts";
import { createEvidence, type Evidence, updateEvidence } from "./evidence.ts";
import { gaugesOf, type GaugeSums, gaugeSums, populationDeviation, type TargetGauges } from "./gauges.ts";
import { massAround, type RewardMass, rewardMass, totalMass } from "./reward_mass.ts";
import { poolMass, pourInto } from "./reward_pool.ts";
import { bayesianWeighing, staticWeighing, weighGroup } from "./weigh_group.ts";

export { type Belief, type BeliefSettings, createBelief } from "./belief_state.ts";
export { type BeliefArrays, deserializeBelief, serializeBelief } from "./belief_arrays.ts";
export type { TargetGauges };

/** The judgement of a batch of rollouts. */
export interface RolloutWeights {
  /** [B·G] ω in nats; NaN where the reward is not defined. */
  readonly logDensityRatio: Float64Array;
  /** [B·G] nats: mean ω of the group's others, weighed without this one; NaN where the reward is not defined. */
  readonly baseline: Float64Array;
  /** Of the batch, before the belief is updated with it. */
  readonly gauges: TargetGauges;
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
