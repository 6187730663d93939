import { NO_ITEM } from "../core/ids.ts";
import { randomKey } from "../numerics/random.ts";
import { judgeOf } from "../reward/judge.ts";
import { advance, createPopulationState } from "../reward/marginal.ts";
import type { MetricBatch } from "../reward/metric.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import type { ListScores } from "../reward/score_list.ts";
import { same } from "./list_checks.ts";
import { awkwardSlates, randomSlates, someContexts } from "./random_slates.ts";
import type { World } from "./world.ts";
import { square } from "../numerics/power.ts";

/** Slates that the head-room is the best of. */
export const BEST_OF = 8;

/** Contexts that are asked, at most. */
const CONTEXTS = 256;

/** What there is to learn from a metric, measured on slates drawn by popularity without a model. */
export interface TrainingMeasures {
  /** Contexts that were asked. */
  readonly contexts: number;
  /** Of the slates that have a value; null where none has. */
  readonly distribution: { readonly min: number; readonly median: number; readonly max: number } | null;
  /** Share of the slates without a value. */
  readonly undefinedShare: number;
  /** How many slates have no value, by reason. */
  readonly undefinedReasons: Readonly<Record<string, number>>;
  /** Share of groups of G slates whose values all agree, of those with two values at least; by policy. */
  readonly tiedGroups: { readonly popular: number; readonly uniform: number };
  /** Share of contexts that have one value for all their slates of both policies. */
  readonly constantContexts: number;
  /** Whether no two slates of whatever shape and context have different values. */
  readonly constant: boolean;
  /** How much the best of 8 slates of a context gains over their mean. */
  readonly headRoom: { readonly gain: number; readonly standardDeviations: number };
  /** µs to judge one slate. */
  readonly microsecondsPerSlate: number;
  /** Seconds to judge the slates of 1000 steps of alignment. */
  readonly secondsPer1000Steps: number;
}

/**
 * Measures what training would find in a metric. A population metric is measured by what it is as a reward: the
 * difference that a slate makes beside what was shown before.
 *
 * @throws {BladeError} when the metric fails on a slate
 */
export async function measureTraining(loaded: LoadedMetric, world: World): Promise<TrainingMeasures> {
  const contexts = someContexts(world.contexts, CONTEXTS);
  const key = randomKey(1).split("plugin check", "training");
  const perContext = Math.max(BEST_OF, world.groupSize);
  const reward = rewardOf(loaded, world, { steps: 2, contexts: world.batch, groupSize: world.groupSize });
  const drawn = (policy: "popular" | "uniform") =>
    randomSlates(world, contexts, perContext, policy, key.split(policy));
  const batch = drawn("popular");
  const start = performance.now();
  const { values: popular, reasons } = await reward(batch);
  const microsecondsPerSlate = 1000 * (performance.now() - start) / popular.length;
  const { values: uniform } = await reward(drawn("uniform"));
  const { values: awkward } = await rewardOf(loaded, world, FEW)(awkwardSlates(world, contexts));
  const groups = (values: Float64Array, size: number) =>
    contexts.map((_, row) =>
      values.slice(row * perContext, row * perContext + size).filter((value) => !Number.isNaN(value))
    );
  const tied = (values: Float64Array) => {
    const counted = groups(values, world.groupSize).filter(({ length }) => length > 1);
    return counted.filter(isConstant).length / Math.max(1, counted.length);
  };
  const [one, other] = [groups(popular, perContext), groups(uniform, perContext)];
  const sorted = popular.filter((value) => !Number.isNaN(value)).sort();
  const undefinedReasons: Record<string, number> = {};
  for (const reason of reasons.values()) undefinedReasons[reason] = (undefinedReasons[reason] ?? 0) + 1;
  return {
    contexts: contexts.length,
    distribution: sorted.length === 0
      ? null
      : { min: sorted[0]!, median: sorted[sorted.length >> 1]!, max: sorted.at(-1)! },
    undefinedShare: 1 - sorted.length / popular.length,
    undefinedReasons,
    tiedGroups: { popular: tied(popular), uniform: tied(uniform) },
    constantContexts:
      one.filter((values, at) => isConstant(Float64Array.of(...values, ...other[at]!))).length /
      contexts.length,
    constant: [Float64Array.of(...sorted, ...defined(uniform)), defined(awkward)].every(isConstant),
    headRoom: headRoomOf(groups(popular, BEST_OF), loaded.metric.direction === "minimize"),
    microsecondsPerSlate,
    secondsPer1000Steps: microsecondsPerSlate * world.batch * world.groupSize / 1000,
  };
}

/** How much a random policy showed before. */
interface ShownBefore {
  readonly steps: number;
  readonly contexts: number;
  readonly groupSize: number;
}

/** So little that a metric of many slates is not at its end yet. */
const FEW: ShownBefore = { steps: 1, contexts: 1, groupSize: 1 };

/** The reward of a batch: of a metric of many slates what each adds to what was shown before. */
function rewardOf(
  loaded: LoadedMetric,
  world: World,
  before: ShownBefore,
): (batch: MetricBatch) => Promise<ListScores> {
  const { signals, discount } = world;
  const judge = judgeOf(loaded);
  if (loaded.metric.kind === "list") return (batch) => judge.scoreList(batch, signals);
  const { groupSize } = before;
  let state = createPopulationState([{ metric: loaded, weight: 1 }], signals, { discount });
  const contexts = someContexts(world.contexts, before.contexts);
  for (let step = 0; step < before.steps; step++) {
    const key = randomKey(1).split("plugin check", "shown before", step);
    const { items, cutoff } = randomSlates(world, contexts, groupSize, "popular", key);
    const slates = { groupSize, cutoff, items, behaviorLogProb: new Float64Array(items.length / cutoff) };
    state = advance(state, slates, contexts.map(({ contextId }) => contextId));
  }
  return async (batch) => {
    const scores = await judge.marginalRewards(batch, signals, state);
    const isEmpty = (row: number) =>
      batch.items.subarray(row * batch.cutoff, (row + 1) * batch.cutoff).every((item) => item === NO_ITEM);
    // An empty slate makes no difference to anything, which says nothing of the metric.
    return { ...scores, values: scores.values.map((value, row) => isEmpty(row) ? NaN : value) };
  };
}

/**
 * The mean gain of the best value of a group over the group's mean, and the same in standard deviations within groups.
 *
 * @example
 * ```ts
 * import { headRoomOf } from "./training_measures.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(headRoomOf([Float64Array.of(0, 2), Float64Array.of(1, 1)], false), { gain: 0.5, standardDeviations: 0.5 });
 * ```
 */
export function headRoomOf(
  groups: readonly Float64Array[],
  minimize: boolean,
): { gain: number; standardDeviations: number } {
  let [gain, variance, counted] = [0, 0, 0];
  for (const values of groups) {
    if (values.length < 2) continue;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    gain += minimize ? mean - Math.min(...values) : Math.max(...values) - mean;
    variance += values.reduce((sum, value) => sum + square(value - mean), 0) / (values.length - 1);
    counted++;
  }
  if (variance === 0) return { gain: 0, standardDeviations: 0 };
  return { gain: gain / counted, standardDeviations: gain / counted / Math.sqrt(variance / counted) };
}

function isConstant(values: Float64Array): boolean {
  return values.every((value) => same(value, values[0]!));
}

function defined(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value));
}
