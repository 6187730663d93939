/**
 * The module `blade` as a metric plugin sees it: types and helpers, no tensor and no package behind it.
 *
 * @module
 */
export { defineMetric } from "./define_metric.ts";
export { type NotDefined, notDefined } from "./not_defined.ts";
export {
  type Bounded,
  type Choice,
  oneOf,
  type OptionDefault,
  type OptionSpecs,
  type OptionValues,
  type ValueOf,
} from "./options.ts";
export type {
  AnySpec,
  Direction,
  ListMetric,
  ListSpec,
  Metric,
  MetricBatch,
  MetricFactory,
  MetricFacts,
  PopulationMetric,
  PopulationSpec,
  Range,
  Ranks,
  Slate,
  SpecFacts,
  Undefine,
} from "./metric.ts";
export type { Context, Relevance } from "../core/context.ts";
export type { Popularity } from "../core/dataset.ts";
export type { brand, ItemIndex, UserIndex } from "../core/ids.ts";
export type {
  CategoryTable,
  HistoryTable,
  ItemGroups,
  ItemVectors,
  SignalName,
  Signals,
} from "../core/signals.ts";
// What JavaScript's own give may differ in the last bit from one engine to the next; a metric that takes these never does.
export { exp, expm1 } from "../numerics/exponentials.ts";
export { log, log1p, log2 } from "../numerics/logarithms.ts";
export { pow } from "../numerics/power.ts";
