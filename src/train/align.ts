import * as tf from "@tensorflow/tfjs";
import type { Context, ContextSet } from "../core/context.ts";
import type { Observer } from "../core/observer.ts";
import type { Signals } from "../core/signals.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { type Anchor, drawersOf } from "../objective/methods.ts";
import type { Objective } from "../objective/objective.ts";
import { advance } from "../reward/marginal.ts";
import { type Composition, preferenceOf, preferredRewards } from "../reward/composition.ts";
import { ascend, gapOf } from "../reward/constraints.ts";
import { scoreRollouts } from "../reward/score_rollouts.ts";
import { updateBatch, weighBatch } from "../target/belief.ts";
import { alignCheckpoint, type AlignState, freeAlignState, withOpponent, withPolicy } from "./align_state.ts";
import { bestWeights, endEpoch, startBest } from "./best.ts";
import { afterEpoch, afterStep, type Course } from "./course.ts";
import { constraintGauges, rewardMeans, validated } from "./align_gauges.ts";
import { constraintLevels } from "./constraint_levels.ts";
import { drawSlates } from "./draw_slates.ts";
import type { Keeper } from "./keeper.ts";
import { updatePolicy, type UpdateSetting } from "./update_policy.ts";
import { rollOutAndScore } from "./roll_out_and_score.ts";
import { inSmallerParts } from "./smaller_parts.ts";
import { startWatch } from "./step_times.ts";
import { createStepLog, type NonFiniteRules, type StepBatch, type StepLog } from "./step_log.ts";
import type { ValidationVerdict } from "./validation.ts";

/** What alignment needs beside its state. */
export interface AlignSetting extends UpdateSetting {
  /** What the slates are judged by, and how the metrics go together. */
  readonly composition: Composition;
  /** What the metrics may read of the alignment contexts. The policy never sees it. */
  readonly signals: Signals;
  readonly anchor: Anchor;
  readonly emaDecay: number;
  /** Rounds of self-play; null where the method has none. */
  readonly rounds: Rounds | null;
  readonly groupSize: number;
  readonly cutoff: number;
  /** What happens with a batch whose loss is no number; the run stops before it when left out. */
  readonly nonFinite?: NonFiniteRules;
  /** The average of the last step that is on its way: where updates are halted, that of the steps before it, too. */
  readonly lastAverage?: () => Parameters | null;
  readonly key: RandomKey;
}

/** Self-play in rounds: the first half of each with the setting's objective, the second against the opponent. */
export interface Rounds {
  /** Steps of a round. */
  readonly steps: number;
  /** Of the second half. */
  readonly selfPlay: Objective;
}

/**
 * One step of list-wise alignment to the Bayesian best-of-N target (after arXiv 2605.04559): the whole method, in
 * order. The methods to compare it with go the same way, with other slates and another objective.
 *
 * Rewards do not depend on whether the policy could learn of them: belief, exposure and multipliers go on in a step whose
 * update is left out because its loss is no number.
 */
export async function alignStep(
  before: AlignState,
  contexts: readonly Context[],
  setting: AlignSetting,
  log: StepLog,
): Promise<AlignState> {
  const { model, reference, composition, signals, groupSize, cutoff } = setting;
  // The opponent is a copy of weights that must be known to be good.
  if (beginsSelfPlay(before, setting)) await log.flush();
  const { state, objective } = enterRound(before, setting);
  const step = state.step + 1;
  const ids = contexts.map(({ contextId }) => contextId);
  const key = setting.key.split("rollout", state.step);

  const drawers = { policy: state.parameters, reference, moving: state.average };

  const watch = startWatch();
  const parted = { place: `align: step ${step}`, warn: log.warn };
  const configured = setting.microBatch;
  // One bound for both: slates, of which a gradient can be taken, are drawn of no more contexts at once.
  const drawn = await inSmallerParts(
    { ...parted, setting: "align.microBatch", rows: contexts.length, unit: "contexts" },
    state.microBatch ?? null,
    (most) =>
      rollOutAndScore(
        (part) => drawSlates(setting.source, model.policy, drawers, part, { groupSize, cutoff, key }),
        (slates, part) => scoreRollouts(slates, part, composition.terms, signals, state.population),
        contexts,
        undefined,
        most,
      ),
  );
  const { rollouts, rewards, rewardMs } = drawn.result;
  const preference = preferenceOf(composition, state.multipliers);
  const ratios = weighBatch(state.belief, ids, rewards, { groupSize, preference }); // before the update
  const update = await updatePolicy(
    state,
    contexts,
    rollouts,
    { ...rewards, reward: preferredRewards(composition, state.multipliers, rewards) },
    ratios,
    anchorOf(state, setting),
    { ...setting, objective, parted, microBatch: smallest(drawn.most, configured) },
  );
  const belief = updateBatch(state.belief, ids, rewards, { groupSize });
  const population = advance(state.population, rollouts, ids);
  const levels = await constraintLevels(composition.constraints, rewards, rollouts, contexts, signals);
  const multipliers = multipliersAfter(state.multipliers, levels, composition);

  const means = rewardMeans(rewards, composition);
  const perContext = drawersOf(setting.source, groupSize).filter((drawer) => drawer !== "greedy").length;
  const pressure = constraintGauges(levels, multipliers, composition);
  await log.add(
    step,
    update.measured,
    (numbers) => ({
      ...means,
      rollouts: contexts.length * perContext,
      ...ratios.gauges,
      ...update.gauges(numbers),
      ...pressure,
    }),
    { ...watch(), rewardMs },
    batchOf(state, contexts, setting, update.badRows),
  );
  const course = afterStep(state.course, { reward: means["reward"]!, ...ratios.gauges });
  const next = withPolicy(
    state,
    update.optimizer,
    setting.anchor === "opponent" ? null : setting.emaDecay,
    setting.halted,
  );
  return {
    ...next,
    ...{ step, batch: state.batch + 1, belief, population, multipliers, course },
    ...(update.microBatch === null || update.microBatch === configured
      ? {}
      : { microBatch: update.microBatch }),
  };
}

function smallest(...bounds: readonly (number | null)[]): number | null {
  const least = Math.min(...bounds.map((bound) => bound ?? Infinity));
  return least === Infinity ? null : least;
}

/** After an update that was made, one of the same batch that was not cannot be undone. */
function batchOf(
  state: AlignState,
  contexts: readonly Context[],
  { halted, updates, lastAverage }: AlignSetting,
  badRows: StepBatch["badRows"],
): StepBatch {
  const isGone = () => Object.values(state.average ?? {}).some((tensor) => tensor.isDisposed);
  const before = halted === undefined || updates > 1
    ? null
    : () => alignCheckpoint(isGone() ? { ...state, average: lastAverage?.() ?? null } : state);
  return { users: contexts.map(({ user }) => user), badRows, before };
}

/**
 * Visits every context once per epoch. Returns the weights of the epoch with the best validation reward, those it
 * started from included, and frees the state.
 */
export async function align(
  start: AlignState,
  { contexts }: ContextSet,
  setting: AlignSetting,
  options: AlignPace,
  validate: (parameters: Parameters) => Promise<ValidationVerdict>,
  observer: Observer,
  keeper: Keeper,
): Promise<Aligned> {
  const { composition } = setting;
  const perEpoch = Math.ceil(contexts.length / options.batch);
  observer.stage("align", perEpoch * options.epochs);
  const log = createStepLog("align", observer, undefined, setting.nonFinite);
  // A device that is ahead must not go on from a step that is to be the last.
  const halted = setting.nonFinite?.on === "skip" ? undefined : tf.fill([1], 0);
  let state = start;
  const halting = halted === undefined ? setting : { ...setting, halted, lastAverage: () => state.average };
  if (state.best === null) {
    const { score, violation } = await validate(state.parameters);
    observer.step({
      stage: "align",
      step: 0,
      values: { epoch: 0, ...validated(score, violation, composition) },
    });
    state = startBest(state, score, violation);
  }
  const { epochs, patience } = options;
  while (state.epoch < epochs && state.epoch - (state.best?.epoch ?? 0) < (patience ?? Infinity)) {
    const order = setting.key.split("epoch", state.epoch).permutation(contexts.length);
    while (state.batch < perEpoch) {
      const rows = order.subarray(state.batch * options.batch, (state.batch + 1) * options.batch);
      state = await alignStep(state, [...rows].map((row) => contexts[row]!), halting, log);
      await keeper.afterStep("align", state.step, () => log.flush().then(() => alignCheckpoint(state)));
    }
    await log.flush();
    const { score, violation } = await validate(state.parameters);
    observer.step({
      stage: "align",
      step: state.step,
      values: { epoch: state.epoch + 1, ...validated(score, violation, composition) },
    });
    state = { ...endEpoch(state, score, violation), course: afterEpoch(state.course) };
  }
  const result = {
    parameters: bestWeights(state),
    bestEpoch: state.best?.epoch ?? 0,
    bestScore: state.best?.score ?? NaN,
    course: state.course,
    multipliers: state.multipliers,
  };
  freeAlignState(state);
  halted?.dispose();
  return result;
}

/** How long alignment goes on. */
export interface AlignPace {
  readonly epochs: number;
  /** Contexts per step. */
  readonly batch: number;
  /** Epochs without a better validation after which it stops; null goes on to the end. */
  readonly patience: number | null;
}

/** What alignment leaves. */
export interface Aligned {
  readonly parameters: Parameters;
  /** Epoch whose weights were kept, from 1; 0 for the reference's. */
  readonly bestEpoch: number;
  /** Its validation reward. */
  readonly bestScore: number;
  readonly course: Course;
  /** [constraints] after the last step. */
  readonly multipliers: Float64Array;
}

function multipliersAfter(
  before: Float64Array,
  levels: readonly number[],
  { constraints, scales, rate }: Composition,
): Float64Array {
  return ascend(before, levels.map((level, i) => gapOf(constraints[i]!, level, scales[i]!)), rate);
}

function beginsSelfPlay({ step }: AlignState, { rounds }: AlignSetting): boolean {
  return rounds !== null && step % rounds.steps === Math.floor(rounds.steps / 2);
}

/** The objective of this half of the round; the second half begins against the policy of this moment. */
function enterRound(
  state: AlignState,
  { rounds, objective }: AlignSetting,
): { state: AlignState; objective: Objective } {
  if (rounds === null) return { state, objective };
  const half = Math.floor(rounds.steps / 2);
  const at = state.step % rounds.steps;
  if (at < half) return { state, objective };
  return { state: at === half ? withOpponent(state) : state, objective: rounds.selfPlay };
}

function anchorOf(state: AlignState, { anchor, reference }: AlignSetting): Parameters | null {
  if (anchor === "policy") return null;
  return anchor === "reference" ? reference : state.average;
}
