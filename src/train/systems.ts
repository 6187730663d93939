import type { ContextSet } from "../core/context.ts";
import type { InteractionLog, Popularity } from "../core/dataset.ts";
import type { Result, SystemName } from "../core/results.ts";
import type { Signals } from "../core/signals.ts";
import { evaluateSlates } from "../evaluate/evaluate_slates.ts";
import { itemKnn } from "../evaluate/item_knn.ts";
import { rankMostPopular } from "../evaluate/most_popular.ts";
import { versusReference } from "../evaluate/paired.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import { advance, createPopulationState } from "../reward/marginal.ts";
import { type RewardTerm, scoreRollouts } from "../reward/score_rollouts.ts";
import { rankAll, rollOut } from "../rollout/roll_out.ts";
import type { Model } from "./model.ts";

/** One list per context, [B·K] `ItemIndex`; scores where the system has them. */
export interface SystemLists {
  readonly items: Int32Array;
  readonly scores?: Float64Array;
}

/** What the systems need to make lists for a set of contexts. */
export interface SystemSetting {
  readonly model: Model;
  /** Weights of the systems that are the model. */
  readonly weights: Readonly<Partial<Record<SystemName, Parameters>>>;
  readonly train: InteractionLog;
  readonly popularity: Popularity;
  readonly set: ContextSet;
  readonly signals: Signals;
  readonly terms: readonly RewardTerm[];
  readonly cutoff: number;
  readonly beams: number;
  /** The n of the system best-of-n. */
  readonly n: number;
  readonly key: RandomKey;
}

/** Contexts per batch of sampled slates. */
const PASS = 64;

/** The lists of one system. */
export async function listsOf(system: SystemName, setting: SystemSetting): Promise<SystemLists> {
  const { model, weights, popularity, set: { contexts }, cutoff, beams } = setting;
  switch (system) {
    case "most-popular":
      return { items: rankMostPopular(popularity, contexts, cutoff) };
    case "item-knn":
      return { items: itemKnn(setting.train, model.items).rank(contexts, cutoff) };
    case "best-of-n":
      return await bestOfN(weights["reference"]!, setting);
    case "reference":
    case "sft-continued":
    case "aligned":
      return await rankAll(model.policy, weights[system]!, contexts, { cutoff, beams });
    default:
      throw new TypeError(`Cannot make lists: ${system satisfies never}`);
  }
}

/** n slates of the reference per context and of them the one with the best reward: an oracle where the reward reads labels. */
async function bestOfN(reference: Parameters, setting: SystemSetting): Promise<SystemLists> {
  const { model, set: { contexts }, signals, terms, cutoff, n } = setting;
  const groupSize = Math.max(1, Math.round(n));
  const items = new Int32Array(contexts.length * cutoff);
  let kept = createPopulationState(terms, signals, { discount: 1 });
  for (let from = 0; from < contexts.length; from += PASS) {
    const part = contexts.slice(from, from + PASS);
    const slates = await rollOut(model.policy, reference, part, {
      groupSize,
      cutoff,
      key: setting.key.split("best-of-n"),
    });
    // What is of many slates together is judged beside those kept so far; the first pass beside all of its own.
    const beside = from === 0 ? advance(kept, slates) : kept;
    const { reward } = scoreRollouts(slates, part, terms, signals, beside);
    part.forEach((_, b) => {
      let best = b * groupSize;
      for (let row = best; row < (b + 1) * groupSize; row++) {
        if (reward[row]! > reward[best]! || Number.isNaN(reward[best]!)) best = row;
      }
      items.set(slates.items.subarray(best * cutoff, (best + 1) * cutoff), (from + b) * cutoff);
    });
    kept = advance(kept, {
      groupSize: 1,
      cutoff,
      items: items.subarray(from * cutoff, (from + part.length) * cutoff),
      behaviorLogProb: new Float64Array(part.length),
    });
  }
  return { items };
}

/** What an evaluation of several systems found. */
export interface SystemsEvaluation {
  readonly results: readonly Result[];
  readonly lists: ReadonlyMap<SystemName, SystemLists>;
  /** [contexts] values by system and metric, NaN where undefined. */
  readonly perContext: ReadonlyMap<SystemName, ReadonlyMap<string, Float64Array>>;
}

/** Evaluates systems on the test contexts, each paired by context with the reference. */
export async function evaluateSystems(
  systems: readonly SystemName[],
  setting: SystemSetting,
  options: { readonly metrics: readonly LoadedMetric[]; readonly resamples: number },
  onSystem: (system: SystemName) => void,
): Promise<SystemsEvaluation> {
  const { set: { contexts }, signals, terms, cutoff, key } = setting;
  const lists = new Map<SystemName, SystemLists>();
  const perContext = new Map<SystemName, ReadonlyMap<string, Float64Array>>();
  const results: Result[] = [];
  for (const system of systems) {
    const made = await listsOf(system, setting);
    const evaluation = evaluateSlates({
      system,
      split: "test",
      items: made.items,
      cutoff,
      contexts,
      metrics: options.metrics,
      signals,
      reward: terms,
      resamples: options.resamples,
      key,
    });
    lists.set(system, made);
    perContext.set(system, evaluation.perContext);
    results.push(...evaluation.results);
    onSystem(system);
  }
  const against = (result: Result, other: SystemName) => {
    const own = perContext.get(result.system)?.get(result.metric);
    const others = perContext.get(other)?.get(result.metric);
    if (result.system === other || own === undefined || others === undefined) return undefined;
    const pairing = {
      resamples: options.resamples,
      key: key.split("paired", result.system, other, result.metric),
    };
    return versusReference(own, others, pairing);
  };
  return {
    lists,
    perContext,
    results: results.map((result) => {
      const reference = against(result, "reference");
      const continued = result.system === "aligned" ? against(result, "sft-continued") : undefined;
      return {
        ...result,
        ...(reference === undefined ? {} : { versusReference: reference }),
        ...(continued === undefined ? {} : { versusContinued: continued }),
      };
    }),
  };
}
