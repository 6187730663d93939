import type { Context } from "../core/context.ts";
import type { ItemIndex } from "../core/ids.ts";
import type { SignalName, Signals } from "../core/signals.ts";
import type { NotDefined } from "./not_defined.ts";
import type { OptionSpecs, OptionValues } from "./options.ts";

/** Version of the plugin contract that this file describes. A plugin carries the one it was written for. */
export const CONTRACT_VERSION = 1;

/** Whether more is better. A reward turns `minimize` round; a result is reported as it is. */
export type Direction = "maximize" | "minimize";

/** Least and greatest value that a metric can give; ±Infinity where there is no bound. */
export type Range = readonly [least: number, greatest: number];

/**
 * The items of one slate in rank order, `slate[k]` at rank k + 1. A file of lists may leave a rank out: −1 stands
 * there. The end of a short list is cut off.
 */
export type Slate = readonly ItemIndex[];

/**
 * [K] rank of each place, from 1. Place k holds rank k + 1, but for lists read from a file in which two items share
 * a rank: those stand side by side. Only a metric that weighs positions has to look.
 */
export type Ranks = readonly number[];

/** The `contextId` of a slate of no context in particular. */
export const POOLED = -1;

/** Many slates at once. */
export interface MetricBatch {
  /** [R·K] `ItemIndex`, −1 = none. */
  readonly items: Int32Array;
  /** [R] row of each slate's context in `contexts`. */
  readonly contextRow: Int32Array;
  /** The contexts that the slates are for. */
  readonly contexts: readonly Context[];
  /** K, the width of a row; at most the metric's own cutoff. */
  readonly cutoff: number;
  /** [R·K] see `Ranks`; left out where place k holds rank k + 1 throughout. */
  readonly ranks?: Int32Array;
}

/** Tells why the row of a batch has no value. Sets `out[row]` to NaN. */
export type Undefine = (row: number, reason: string) => void;

/** What every metric says of itself. `S`: the signals that it reads; `O`: its options. */
export interface SpecFacts<S extends SignalName, O extends OptionSpecs> {
  /** Letters, digits and dashes: the name in `name@cutoff?option=value`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** The formula in a line of text, where that says more than the summary. */
  readonly formula?: string;
  /** The paper or book that defines it. */
  readonly source?: string;
  /** Whose number it equals, and with which options: "RecBole's NDCG with gain=binary". */
  readonly equals?: readonly string[];
  /**
   * Options with their defaults: a number, a text, a boolean, a list of texts, or `oneOf(…)`. `cutoff`, the number
   * after `@`, need not be among them: every metric is given it, undefined for the whole list.
   */
  readonly options?: O;
  /** Least and greatest value, where that depends on the options as their function. */
  readonly range: Range | ((options: OptionValues<O>) => Range);
  /** Whether more is better. */
  readonly direction: Direction;
  /** The signals that it reads. Reading another does not compile. */
  readonly needs: readonly S[];
  /** Those of `needs` that it really reads with these options, where that depends. Default: all. */
  readonly uses?: (options: OptionValues<O>) => readonly S[];
}

/** A metric of one slate, as a plugin writes it: `score`, or `scoreBatch` where speed matters. */
export interface ListSpec<S extends SignalName, O extends OptionSpecs> extends SpecFacts<S, O> {
  /** A metric that one slate has. */
  readonly kind: "list";
  /**
   * The value of one slate, a finite number, or `notDefined(reason)`. `slate` ends at the cutoff. An empty slate is
   * shown only to metrics that need `relevance`; for all others it is undefined.
   */
  readonly score?: (
    slate: Slate,
    context: Context,
    signals: Pick<Signals, S>,
    options: OptionValues<O>,
    ranks: Ranks,
  ) => number | NotDefined;
  /** Values of many slates into `out` [R]; rows left at NaN or named to `undefine` have none. */
  readonly scoreBatch?: (
    batch: MetricBatch,
    signals: Pick<Signals, S>,
    options: OptionValues<O>,
    out: Float64Array,
    undefine: Undefine,
  ) => void;
}

/**
 * A metric of many slates together, as a plugin writes it. `State` is its own and may be changed in place. As a
 * reward it is the difference that a slate makes: value with it less value without it.
 */
export interface PopulationSpec<S extends SignalName, O extends OptionSpecs, State> extends SpecFacts<S, O> {
  /** A metric that many slates have together. */
  readonly kind: "population";
  /** The state before any slate. */
  readonly create: (signals: Pick<Signals, S>, options: OptionValues<O>) => State;
  /**
   * Counts a slate in, `weight` times. `slate` ends at the cutoff; `contextId` is what relevance, history and user
   * groups go by. A metric that needs none of these three may be shown the slates of many contexts as one, whose
   * `contextId` is −1.
   */
  readonly add: (state: State, slate: Slate, weight: number, ranks: Ranks, contextId: number) => void;
  /** Undoes `add` of the same slate, weight and context, but for rounding. */
  readonly remove: (state: State, slate: Slate, weight: number, ranks: Ranks, contextId: number) => void;
  /** The metric of all slates counted in. */
  readonly value: (state: State) => number | NotDefined;
}

/** Any plugin's specification, its types forgotten: for listings. */
export type AnySpec =
  & Omit<SpecFacts<SignalName, OptionSpecs>, "range" | "uses">
  & { readonly kind: "list" | "population"; readonly contract: number };

/** What a metric with its options set says of itself. */
export interface MetricFacts {
  /** As in `name@cutoff?option=value`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** In a line of text. */
  readonly formula?: string;
  /** With these options. */
  readonly range: Range;
  /** Whether more is better. */
  readonly direction: Direction;
  /** The signals that it reads with these options. */
  readonly needs: readonly SignalName[];
  /** Every option's value, `cutoff` among them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Ranks that count, from the first; undefined for the whole list. */
  readonly cutoff: number | undefined;
}

/** A metric of one slate, its options set. Both forms cut slates at the cutoff themselves. */
export interface ListMetric extends MetricFacts {
  /** One slate has a value. */
  readonly kind: "list";
  /** The easy form: one slate. */
  readonly score?: (slate: Slate, context: Context, signals: Signals, ranks?: Ranks) => number | NotDefined;
  /** The fast form: many slates, values into `out` [R]. */
  readonly scoreBatch?: (batch: MetricBatch, signals: Signals, out: Float64Array, undefine: Undefine) => void;
}

/** A metric of many slates together, its options set. */
export interface PopulationMetric extends MetricFacts {
  /** Many slates have a value together. */
  readonly kind: "population";
  /** The state before any slate. */
  readonly create: (signals: Signals) => unknown;
  /** Counts a slate in, `weight` times. */
  readonly add: (state: unknown, slate: Slate, weight: number, ranks?: Ranks, contextId?: number) => void;
  /** Undoes `add`, but for rounding. */
  readonly remove: (state: unknown, slate: Slate, weight: number, ranks?: Ranks, contextId?: number) => void;
  /** The metric of all slates counted in. */
  readonly value: (state: unknown) => number | NotDefined;
}

/** A metric ready to score. */
export type Metric = ListMetric | PopulationMetric;

/** What a plugin module exports as its default: gives the metric for options. `O`: the option specifications. */
export interface MetricFactory<O extends OptionSpecs = OptionSpecs, M extends Metric = Metric> {
  (options?: Partial<OptionValues<O>>): M;
  /** What the plugin says of itself, for listings. */
  readonly spec: AnySpec;
}
