import { BladeError } from "../core/errors.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { SignalName, Signals } from "../core/signals.ts";
import type { Slates } from "../core/slates.ts";
import type { RewardTerm } from "./combine.ts";
import { rowOf } from "./cut.ts";
import { PluginFault } from "./fault.ts";
import { type MetricBatch, POOLED, type PopulationMetric } from "./metric.ts";
import { isNotDefined } from "./not_defined.ts";
import type { LoadedMetric } from "./registry.ts";
import type { ListScores } from "./score_list.ts";

/**
 * What recent rollouts showed, for the metrics of many slates: a discounted count by item and rank, and where a metric
 * goes by context the discounted slates themselves. Plain data: it goes into a checkpoint as it is.
 */
export interface PopulationState {
  /** λ of a step: what is shown now counts λ after it. */
  readonly discount: number;
  /** Items of the catalog that the counts are of. */
  readonly catalogSize: number;
  /** Whether any term of the reward reads it; if none does it stays empty. */
  readonly tracked: boolean;
  /** [entries] */
  readonly items: readonly number[];
  /** [entries] from 0: place k is rank k + 1. */
  readonly places: readonly number[];
  /** [entries] discounted slates that showed the item there. */
  readonly weights: readonly number[];
  /** The slates by context, null where no term goes by context. */
  readonly shown: ShownSlates | null;
}

/** Slates with the contexts that they were for. */
export interface ShownSlates {
  /** Places of a slate. */
  readonly cutoff: number;
  /** [slates] */
  readonly contextIds: readonly number[];
  /** [slates·cutoff] −1 = none. */
  readonly items: readonly number[];
  /** [slates] discounted. */
  readonly weights: readonly number[];
}

/** Signals that differ from context to context. */
const BY_CONTEXT: readonly SignalName[] = ["relevance", "history", "userGroups"];

/** Whether a metric of many slates has to be shown each with its context. */
export function goesByContext({ needs }: PopulationMetric): boolean {
  return needs.some((need) => BY_CONTEXT.includes(need));
}

/** An exposure that faded below this many slates is forgotten; else whatever was shown once would stay covered. */
const FORGOTTEN = 0.01;

/**
 * The state before anything was shown.
 *
 * @param discount λ in (0, 1] per step.
 *
 * @example
 * ```ts
 * import { advance, createPopulationState } from "./marginal.ts";
 * import { loadMetric } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const terms = [{ metric: await loadMetric("coverage"), weight: 1 }];
 * const slates = { groupSize: 1, cutoff: 2, items: Int32Array.of(3, 1), behaviorLogProb: new Float64Array(1) };
 * let state = createPopulationState(terms, { catalogSize: 5 }, { discount: 0.5 });
 * state = advance(advance(state, slates, [0]), slates, [0]);
 * assertEquals([state.items, state.places, state.weights], [[3, 1], [0, 1], [1.5, 1.5]]);
 * ```
 */
export function createPopulationState(
  terms: readonly RewardTerm[],
  signals: Pick<Signals, "catalogSize">,
  { discount }: { readonly discount: number },
): PopulationState {
  if (!(discount > 0 && discount <= 1)) {
    throw new BladeError({
      place: "discount of what the population metrics remember",
      rule: "must be above 0 and at most 1",
      value: discount,
      mend: "set it to 0.9, for instance",
    });
  }
  const metrics = terms.map(({ metric }) => metric.metric).filter((metric) => metric.kind === "population");
  return {
    discount,
    catalogSize: signals.catalogSize,
    tracked: metrics.length > 0,
    items: [],
    places: [],
    weights: [],
    shown: metrics.some(goesByContext) ? { cutoff: 0, contextIds: [], items: [], weights: [] } : null,
  };
}

/**
 * The state after a step: what was there fades by the discount, each of the step's slates counts 1.
 *
 * @param slates B·G slates
 * @param contextIds [B]
 *
 * @example
 * ```ts
 * import { advance } from "./marginal.ts";
 * import { assertEquals } from "@std/assert";
 * const counts = { items: [4], places: [0], weights: [2] };
 * const before = { discount: 0.5, catalogSize: 9, tracked: true, ...counts, shown: null };
 * const slates = { groupSize: 1, cutoff: 2, items: Int32Array.of(4, -1), behaviorLogProb: new Float64Array(1) };
 * assertEquals(advance(before, slates, [0]).weights, [2]);
 * ```
 */
export function advance(
  state: PopulationState,
  slates: Slates,
  contextIds: readonly number[],
): PopulationState {
  if (!state.tracked) return state;
  const width = Math.max(slates.cutoff, maxOf(state.places) + 1);
  const exposure = new Map<number, number>();
  state.items.forEach((item, entry) => {
    const weight = state.weights[entry]! * state.discount;
    if (weight >= FORGOTTEN) exposure.set(item * width + state.places[entry]!, weight);
  });
  slates.items.forEach((item, at) => {
    if (item < 0) return;
    const key = item * width + at % slates.cutoff;
    exposure.set(key, (exposure.get(key) ?? 0) + 1);
  });
  const keys = [...exposure.keys()];
  return {
    ...state,
    items: keys.map((key) => Math.floor(key / width)),
    places: keys.map((key) => key % width),
    weights: [...exposure.values()],
    shown: state.shown && advanceShown(state.shown, state.discount, slates, contextIds),
  };
}

function advanceShown(
  before: ShownSlates,
  discount: number,
  slates: Slates,
  contextIds: readonly number[],
): ShownSlates {
  const cutoff = Math.max(before.cutoff, slates.cutoff);
  const after = { cutoff, contextIds: [] as number[], items: [] as number[], weights: [] as number[] };
  const keep = (contextId: number, weight: number, items: ArrayLike<number>, from: number, width: number) => {
    after.contextIds.push(contextId);
    after.weights.push(weight);
    for (let k = 0; k < cutoff; k++) after.items.push(k < width ? items[from + k]! : NO_ITEM);
  };
  before.contextIds.forEach((contextId, slate) => {
    const weight = before.weights[slate]! * discount;
    if (weight >= FORGOTTEN) keep(contextId, weight, before.items, slate * before.cutoff, before.cutoff);
  });
  for (let row = 0; row < slates.items.length / slates.cutoff; row++) {
    const contextId = contextIds[Math.floor(row / slates.groupSize)]!;
    keep(contextId, 1, slates.items, row * slates.cutoff, slates.cutoff);
  }
  return after;
}

/**
 * The reward of each slate by a population metric: the value of the exposure with it less the value without it.
 * The other slates of the batch are not in the exposure, so equal slates have equal rewards.
 *
 * @returns [R] NaN where the metric has no value with or without the slate.
 * @throws {BladeError} when the plugin throws or gives anything but a finite number or `notDefined`.
 *
 * @example
 * ```ts
 * import { marginalRewards } from "./marginal.ts";
 * import { loadMetric } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const counts = { items: [0], places: [0], weights: [1] };
 * const state = { discount: 0.9, catalogSize: 4, tracked: true, ...counts, shown: null };
 * const batch = { items: Int32Array.of(0, 1, 2, 3), contextRow: Int32Array.of(0, 1), contexts: [], cutoff: 2 };
 * const coverage = await loadMetric("coverage");
 * const { values } = marginalRewards(coverage, batch, { catalogSize: 4 } as never, state);
 * assertEquals([...values], [0.25, 0.5]);
 * ```
 */
export function marginalRewards(
  loaded: LoadedMetric,
  batch: MetricBatch,
  signals: Signals,
  exposure: PopulationState,
): ListScores {
  const metric = loaded.metric as PopulationMetric;
  if (exposure.catalogSize !== signals.catalogSize) {
    throw new BladeError({
      place: `metric ${loaded.spec}: the saved exposure`,
      rule: `must be of a catalog of ${signals.catalogSize} items`,
      value: exposure.catalogSize,
      mend: "resume with the data set that the run was started with",
    });
  }
  return guarded(loaded, batch.contextRow.length, () => {
    const state = stateOf(metric, signals, exposure);
    const values = new Float64Array(batch.contextRow.length).fill(NaN);
    const reasons = new Map<number, string>();
    const without = metric.value(state);
    for (let row = 0; row < values.length; row++) {
      const { slate, ranks } = rowOf(batch, row);
      const contextId = contextIdOf(batch, row);
      metric.add(state, slate, 1, ranks, contextId);
      const withIt = metric.value(state);
      metric.remove(state, slate, 1, ranks, contextId);
      if (isNotDefined(without)) reasons.set(row, `without the slate: ${without.notDefined}`);
      else if (isNotDefined(withIt)) reasons.set(row, withIt.notDefined);
      else values[row] = finite(loaded, withIt) - finite(loaded, without);
    }
    return { values, reasons };
  });
}

/**
 * The value of a population metric over all slates of a batch, each counted once.
 *
 * @throws {BladeError} when the plugin throws or gives anything but a finite number or `notDefined`.
 *
 * @example
 * ```ts
 * import { populationValue } from "./marginal.ts";
 * import { loadMetric } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const batch = { items: Int32Array.of(0, 1, 1, 2), contextRow: Int32Array.of(0, 1), contexts: [], cutoff: 2 };
 * assertEquals(populationValue(await loadMetric("coverage"), batch, { catalogSize: 4 } as never), 0.75);
 * ```
 */
export function populationValue(
  loaded: LoadedMetric,
  batch: MetricBatch,
  signals: Signals,
): number | { readonly notDefined: string } {
  const metric = loaded.metric as PopulationMetric;
  return guarded(loaded, batch.contextRow.length, () => {
    const state = metric.create(signals);
    for (let row = 0; row < batch.contextRow.length; row++) {
      const { slate, ranks } = rowOf(batch, row);
      metric.add(state, slate, 1, ranks, contextIdOf(batch, row));
    }
    const value = metric.value(state);
    return isNotDefined(value) ? value : finite(loaded, value);
  });
}

function stateOf(metric: PopulationMetric, signals: Signals, exposure: PopulationState): unknown {
  const state = metric.create(signals);
  if (goesByContext(metric)) {
    const { cutoff, contextIds, items, weights } = exposure.shown ?? NOTHING_SHOWN;
    contextIds.forEach((contextId, at) => {
      metric.add(state, items.slice(at * cutoff, (at + 1) * cutoff), weights[at]!, undefined, contextId);
    });
    return state;
  }
  exposure.items.forEach((item, entry) => {
    const slate = new Array<number>(exposure.places[entry]! + 1).fill(-1);
    slate[slate.length - 1] = item;
    metric.add(state, slate, exposure.weights[entry]!);
  });
  return state;
}

const NOTHING_SHOWN: ShownSlates = { cutoff: 0, contextIds: [], items: [], weights: [] };

function contextIdOf({ contexts, contextRow }: MetricBatch, row: number): number {
  return contexts[contextRow[row]!]?.contextId ?? POOLED;
}

function finite(loaded: LoadedMetric, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new PluginFault({
    place: `metric ${loaded.spec}`,
    rule: "must give a finite number or notDefined(reason)",
    value: typeof value === "number" ? String(value) : value,
    mend: "correct the plugin, and return notDefined(reason) where it has no value",
  });
}

function guarded<T>(loaded: LoadedMetric, slates: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BladeError) throw error;
    throw new PluginFault({
      place: `metric ${loaded.spec}: ${slates} slates together`,
      rule: "must not throw",
      value: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      mend: "correct the plugin, and return notDefined(reason) where it has no value",
    });
  }
}

function maxOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -1);
}
