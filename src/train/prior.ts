import type { Context, ContextSet } from "../core/context.ts";
import type { Observer } from "../core/observer.ts";
import type { Signals } from "../core/signals.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { advance, type PopulationState } from "../reward/marginal.ts";
import { type RewardTerm, scoreRollouts } from "../reward/score_rollouts.ts";
import { rollOut } from "../rollout/roll_out.ts";
import type { Keeper } from "./keeper.ts";
import type { Model } from "./model.ts";

/** Rewards of M slates of the reference for every context: what the belief starts from. */
export interface PriorRewards {
  /** M */
  readonly slates: number;
  /** [metrics] raw values, each [contexts·M]. */
  readonly values: readonly Float64Array[];
  /** [contexts·M] 1 where every metric has a value. */
  readonly defined: Uint8Array;
  /** What the reference shows, where a term of the reward reads it: the slates were judged against it. */
  readonly population: PopulationState;
}

/** How the reference is rolled out. */
export interface PriorOptions {
  /** M */
  readonly slates: number;
  readonly cutoff: number;
  /** Contexts per step. */
  readonly batch: number;
  /** G of alignment: so many slates per context count as shown, as in its steps. */
  readonly groupSize: number;
  /** Before anything was shown. */
  readonly population: PopulationState;
  readonly key: RandomKey;
}

/** Rolls the reference out on every context. A slate's noise depends on its context alone, not on the batches. */
export async function rollOutPrior(
  model: Model,
  reference: Parameters,
  { contexts }: ContextSet,
  terms: readonly RewardTerm[],
  signals: Signals,
  options: PriorOptions,
  observer: Observer,
  keeper: Pick<Keeper, "afterPart">,
): Promise<PriorRewards> {
  const { slates: groupSize, cutoff, batch, key } = options;
  const values = terms.map(() => new Float64Array(contexts.length * groupSize));
  const defined = new Uint8Array(contexts.length * groupSize);
  observer.stage("prior", Math.ceil(contexts.length / batch));
  const population = await shownByReference(model, reference, contexts, options);
  for (let from = 0; from < contexts.length; from += batch) {
    const part = contexts.slice(from, from + batch);
    const slates = await rollOut(model.policy, reference, part, { groupSize, cutoff, key });
    const scored = await scoreRollouts(slates, part, terms, signals, population);
    scored.values.forEach((column, i) => values[i]!.set(column, from * groupSize));
    defined.set(scored.defined, from * groupSize);
    observer.step({ stage: "prior", step: from / batch + 1, values: { reward: definedMean(scored.reward) } });
    await keeper.afterPart("prior");
  }
  return { slates: groupSize, values, defined, population };
}

/**
 * The exposure that steps of alignment leave while the policy is still the reference. Its slates are drawn for it
 * alone: a slate of the prior that stood in the exposure already would seem to add nothing.
 */
async function shownByReference(
  model: Model,
  reference: Parameters,
  contexts: readonly Context[],
  { groupSize, cutoff, batch, population, key }: PriorOptions,
): Promise<PopulationState> {
  if (!population.tracked) return population;
  let shown = population;
  for (let from = 0; from < contexts.length; from += batch) {
    const part = contexts.slice(from, from + batch);
    const options = { groupSize, cutoff, key: key.split("exposure") };
    shown = advance(
      shown,
      await rollOut(model.policy, reference, part, options),
      part.map(({ contextId }) => contextId),
    );
  }
  return shown;
}

/**
 * What best-of-n of the reference reaches on these contexts: the mean over contexts of the expected largest of n of
 * the M prior rewards drawn without replacement, E = Σ_i r_(i) C(i−1, n−1) / C(M, n). For n above M: of M.
 *
 * @param slates M
 * @param rewards [contexts·M] NaN where not defined
 */
export function bestOfNBound(slates: number, rewards: Float64Array, n: number): number {
  let sum = 0;
  let contexts = 0;
  for (let from = 0; from < rewards.length; from += slates) {
    const sorted = rewards.slice(from, from + slates).filter((reward) => !Number.isNaN(reward)).sort();
    if (sorted.length === 0) continue;
    sum += expectedLargest(sorted, n);
    contexts++;
  }
  return contexts === 0 ? NaN : sum / contexts;
}

/** Expected largest of n drawn without replacement from ascending values; n is rounded to a whole number ≥ 1. */
function expectedLargest(ascending: Float64Array, n: number): number {
  const draws = Math.min(ascending.length, Math.max(1, Math.round(n)));
  // C(i−1, n−1) / C(M, n) is n/M at i = M, and (i−n)/(i−1) times itself one place down.
  let chance = draws / ascending.length;
  let mean = 0;
  for (let i = ascending.length; i >= draws; i--) {
    mean += chance * ascending[i - 1]!;
    chance *= (i - draws) / (i - 1);
  }
  return mean;
}

/** Mean of the numbers that are; NaN when none is. */
export function definedMean(values: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    sum += values[i]!;
    count++;
  }
  return count === 0 ? NaN : sum / count;
}
