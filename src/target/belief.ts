import type { Preference, RewardBatch } from "../core/rewards.ts";
import type { Belief } from "./belief_state.ts";
import { createEvidence, type Evidence, updateEvidence } from "./evidence.ts";
import { gaugesOf, type GaugeSums, gaugeSums, populationDeviation, type TargetGauges } from "./gauges.ts";
import { type Observations, rowsOf } from "./observations.ts";
import { ONE_REWARD } from "./preference.ts";
import { poolObservations, pourInto } from "./reward_pool.ts";
import { bayesianWeighing, staticWeighing } from "./weigh_group.ts";
import { weighQuantiles } from "./weigh_quantiles.ts";
import { type ContextWeights, weighSums } from "./weigh_sums.ts";

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

/** Raw values of slates, and which slates have one of every metric. */
export type ScoredSlates = Pick<RewardBatch, "values" | "defined">;

/**
 * The belief with the reference's slates as prior of some contexts, in place of what was known of those.
 *
 * @param contextIds [B]
 * @param prior of B·M slates of the reference, context-major; the prior's weight is shared among the defined ones.
 * @param slates M
 */
export function setPrior(
  belief: Belief,
  contextIds: ArrayLike<number>,
  prior: ScoredSlates,
  slates: number,
): Belief {
  const { kind, priorStrength, maxAtoms, columns } = belief.settings;
  const evidence = [...belief.evidence];
  const poured: Float64Array[] = [];
  eachGroup(belief, contextIds, prior, slates, (contextId, group, rows) => {
    evidence[contextId] = createEvidence({
      prior: group,
      // The static share is counted in slates.
      priorStrength: kind === "static" ? rows.length : priorStrength,
      maxAtoms: kind === "static" ? Math.max(maxAtoms, slates) : maxAtoms,
      columns,
    });
    poured.push(group);
  });
  return { ...belief, evidence, pool: poolAfter(belief, poured) };
}

/**
 * Weighs the rollouts of a batch, before the belief is updated with them. Slates without a reward are passed over:
 * they count for nobody, and get NaN.
 *
 * @param contextIds [B]
 * @param rewards of B·G slates, context-major.
 * @param o.groupSize G
 * @param o.preference how the metrics make one order; the first of them alone, more of it being better, unless told
 */
export function weighBatch(
  belief: Belief,
  contextIds: ArrayLike<number>,
  rewards: ScoredSlates,
  o: { readonly groupSize: number; readonly preference?: Preference },
): RolloutWeights {
  const { settings, pool } = belief;
  const { combine, weights } = o.preference ?? ONE_REWARD;
  const weighing = settings.kind === "static"
    ? staticWeighing(settings.n, settings.ties)
    : bayesianWeighing(settings.n);
  const borrowed = settings.pooling > 0 && pool.values.length > 0
    ? [poolObservations(pool, settings.pooling)]
    : [];
  const logDensityRatio = new Float64Array(rewards.defined.length).fill(NaN);
  const baseline = new Float64Array(rewards.defined.length).fill(NaN);
  const sums = gaugeSums();
  eachGroup(belief, contextIds, rewards, o.groupSize, (contextId, group, rows) => {
    const evidence = belief.evidence[contextId]!;
    const observed: Observations[] = [evidence, ...borrowed];
    const weigh = combine === "quantile" ? weighQuantiles : weighSums;
    const judged = weigh(observed, group, weights, weighing);
    rows.forEach((row, j) => {
      logDensityRatio[row] = judged.logDensityRatio[j]!;
      baseline[row] = judged.baseline[j]!;
    });
    addToGauges(sums, evidence, observed, judged);
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
  rewards: ScoredSlates,
  o: { readonly groupSize: number },
): Belief {
  const { kind, discount } = belief.settings;
  if (kind === "static") return belief;
  const evidence = [...belief.evidence];
  const poured: Float64Array[] = [];
  eachGroup(belief, contextIds, rewards, o.groupSize, (contextId, group) => {
    evidence[contextId] = updateEvidence(evidence[contextId]!, group, { discount });
    poured.push(group);
  });
  return { ...belief, evidence, pool: poolAfter(belief, poured) };
}

function poolAfter({ pool, settings }: Belief, groups: readonly Float64Array[]): Belief["pool"] {
  if (settings.pooling === 0) return pool;
  return pourInto(pool, Float64Array.from(groups.flatMap((group) => [...group])));
}

/** Calls back with the values of each context's defined slates, [slates·columns], and their rows, where it has any. */
function eachGroup(
  belief: Belief,
  contextIds: ArrayLike<number>,
  { values, defined }: ScoredSlates,
  groupSize: number,
  visit: (contextId: number, group: Float64Array, rows: readonly number[]) => void,
): void {
  const rows = contextIds.length * groupSize;
  const { columns } = belief.settings;
  if (defined.length !== rows || values.length !== columns || values.some(({ length }) => length !== rows)) {
    throw new RangeError(
      `Cannot read rewards by group: ${contextIds.length} contexts of ${groupSize} need ${rows} of ${columns} ` +
        `metrics, got ${defined.length} marks and ${values.map(({ length }) => length).join(", ")} values`,
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
    if (group.length > 0) visit(contextId, rowsOf(values, group), group);
  }
}

function addToGauges(
  sums: GaugeSums,
  evidence: Evidence,
  observed: readonly Observations[],
  { logDensityRatio, above, tied }: ContextWeights,
): void {
  const rollouts = logDensityRatio.length;
  const weight = observed.reduce((sum, { weights }) => weights.reduce((total, part) => total + part, sum), 0);
  sums.contexts += 1;
  sums.rollouts += rollouts;
  sums.deviation += populationDeviation(logDensityRatio);
  sums.evidenceWeight += weight;
  if (weight > 0) sums.priorShare += evidence.priorWeights.reduce((sum, part) => sum + part, 0) / weight;
  sums.above += above;
  if (rollouts > 1) {
    sums.groups += 1;
    if (tied) sums.tied += 1;
  }
}
