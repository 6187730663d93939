import type { ContextSet } from "../core/context.ts";
import type { InteractionLog, Popularity } from "../core/dataset.ts";
import type { Result, SystemName } from "../core/results.ts";
import type { Signals } from "../core/signals.ts";
import type { Slates } from "../core/slates.ts";
import { bestOf } from "../core/best_of.ts";
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

/** The systems that are weights of the model. */
export type TrainedSystem = "reference" | "sft-continued" | "aligned";

/** What the systems need to make lists for a set of contexts. */
export interface SystemSetting {
  readonly model: Model;
  /** Weights of the systems that are the model. */
  readonly weights: Readonly<Partial<Record<TrainedSystem, Parameters>>>;
  /** What alignment starts from: the oracles choose among its slates. */
  readonly oracle: Parameters;
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
  const oracle = bestOf(system, setting.n);
  if (oracle !== null) return await bestOfSlates(oracle, setting);
  switch (system) {
    case "most-popular":
      return { items: rankMostPopular(popularity, contexts, cutoff) };
    case "item-knn":
      return { items: itemKnn(setting.train, model.items).rank(contexts, cutoff) };
    case "reference":
    case "sft-continued":
    case "aligned":
      return await rankAll(model.policy, weights[system]!, contexts, { cutoff, beams });
    default:
      throw new TypeError(`Cannot make lists: ${system} is no system`);
  }
}

/**
 * G slates per context of the model that alignment starts from and of them the one with the best reward: an oracle where the reward reads
 * labels. The slates of a smaller G are the first of a larger one. Where a term is of many slates together, context
 * after context is judged beside the slates kept before.
 */
async function bestOfSlates(groupSize: number, setting: SystemSetting): Promise<SystemLists> {
  const { model, oracle, set: { contexts }, signals, cutoff } = setting;
  // A metric without a part in the reward has no say, and need not be asked slate by slate.
  const terms = setting.terms.filter(({ weight }) => weight !== 0);
  const key = setting.key.split("best-of-n");
  const items = new Int32Array(contexts.length * cutoff);
  let kept = createPopulationState(terms, signals, { discount: 1 });
  for (let from = 0; from < contexts.length; from += PASS) {
    const pass = contexts.slice(from, from + PASS);
    const drawn = await rollOut(model.policy, oracle, pass, { groupSize, cutoff, key });
    const together = kept.tracked ? 1 : pass.length;
    for (let b = 0; b < pass.length; b += together) {
      const slates = groupsOf(drawn, b, b + together);
      const { reward } = await scoreRollouts(slates, pass.slice(b, b + together), terms, signals, kept);
      const best = bestOfEach(slates, reward);
      items.set(best.items, (from + b) * cutoff);
      kept = advance(kept, best, pass.slice(b, b + together).map(({ contextId }) => contextId));
    }
  }
  return { items };
}

/** The slates of the contexts `from` … `to` − 1 of a batch. */
function groupsOf({ groupSize, cutoff, items, behaviorLogProb }: Slates, from: number, to: number): Slates {
  return {
    groupSize,
    cutoff,
    items: items.subarray(from * groupSize * cutoff, to * groupSize * cutoff),
    behaviorLogProb: behaviorLogProb.subarray(from * groupSize, to * groupSize),
  };
}

/** Of each group the slate with the largest reward, the first of equals; the first of all where none has a reward. */
function bestOfEach({ groupSize, cutoff, items, behaviorLogProb }: Slates, reward: Float64Array): Slates {
  const rows = Array.from({ length: reward.length / groupSize }, (_, b) => {
    let best = b * groupSize;
    for (let row = best; row < (b + 1) * groupSize; row++) {
      if (reward[row]! > reward[best]! || Number.isNaN(reward[best]!) && !Number.isNaN(reward[row]!)) {
        best = row;
      }
    }
    return best;
  });
  return {
    groupSize: 1,
    cutoff,
    items: Int32Array.from(rows.flatMap((row) => [...items.subarray(row * cutoff, (row + 1) * cutoff)])),
    behaviorLogProb: Float64Array.from(rows, (row) => behaviorLogProb[row]!),
  };
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
  onSystem: (system: SystemName) => void | Promise<void>,
): Promise<SystemsEvaluation> {
  const { set: { contexts }, signals, terms, cutoff, key } = setting;
  const lists = new Map<SystemName, SystemLists>();
  const perContext = new Map<SystemName, ReadonlyMap<string, Float64Array>>();
  const results: Result[] = [];
  for (const system of systems) {
    const made = await listsOf(system, setting);
    const evaluation = await evaluateSlates({
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
    await onSystem(system);
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
