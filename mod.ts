/**
 * blade as a library: metrics, the Bayesian best-of-N target, evaluation of any system's lists, and whole runs.
 * Importing it loads no tensor library; `train` and `loadRun` do when they are called.
 *
 * @example A metric of one's own, and built-in ones on the lists of any system
 * ```ts
 * import { defineMetric, evaluateLists } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 * const length = defineMetric({
 *   name: "length",
 *   summary: "Items of the list.",
 *   kind: "list",
 *   range: [0, Infinity],
 *   direction: "maximize",
 *   needs: [],
 *   score: (slate) => slate.length,
 * });
 * assertEquals(length().name, "length");
 * const { metrics } = await evaluateLists({
 *   lists: [["ann", "film 1", 1], ["ann", "film 2", 2]],
 *   relevant: [["ann", "film 2", 1]],
 * }, ["recall@2", "mrr"]);
 * assertEquals([metrics["recall@2"]?.mean, metrics["mrr"]?.mean], [1, 0.5]);
 * ```
 *
 * @example The weights of a group of slates, and what their rewards leave behind
 * ```ts
 * import { createEvidence, updateEvidence, weighRollouts } from "./mod.ts";
 * import { assert, assertEquals } from "@std/assert";
 * const evidence = createEvidence({ prior: [0.1, 0.2], priorStrength: 2 });
 * const { logDensityRatio } = weighRollouts(evidence, [0.3, 0.1], { n: 4 });
 * assert(logDensityRatio[0]! > logDensityRatio[1]!);
 * const after = updateEvidence(evidence, [0.3, 0.1], { discount: 0.5 });
 * assertEquals(after.atoms, [[0.1, 1.5], [0.2, 0.5], [0.3, 1]]);
 * ```
 *
 * @module
 */
export * from "./src/reward/plugin_api.ts";
export { type LoadedMetric, loadMetric } from "./src/reward/registry.ts";
export type { PluginSource } from "./src/reward/load_plugin.ts";
export type { PluginPolicy } from "./src/core/isolation.ts";

export { createEvidence, type Evidence, updateEvidence } from "./src/target/evidence.ts";
export { bestOfNDensityRatio } from "./src/target/best_of_n.ts";
export { weighRollouts } from "./src/target/weigh_rollouts.ts";

export {
  evaluateLists,
  type ListEvaluation,
  type ListEvaluationOptions,
  type ListNotes,
  type ListTables,
  type TableRow,
} from "./src/evaluate/evaluate_lists.ts";
export type { Summary } from "./src/evaluate/measure.ts";

export { train, type TrainOptions } from "./src/config/train.ts";
export { loadRun } from "./src/config/load_run.ts";
export { loadPretrained, type Pretrained, type PretrainedOptions } from "./src/config/load_pretrained.ts";
export type { CheckpointConfig } from "./src/model/hugging_face_config.ts";
export type { DecoderConfig, RopeScaling } from "./src/model/config.ts";
export type { HalfFormat } from "./src/numerics/half.ts";
export type { Lora, LoraTarget } from "./src/model/lora.ts";
export type { BladeConfig, BladeConfigInput } from "./src/config/schema.ts";
export type {
  MetricSummary,
  OpenRun,
  Recommendation,
  RunEvaluation,
  TrainOutcome,
} from "./src/config/run_api.ts";

export type { Observer, SavedState, StepEvent } from "./src/core/observer.ts";
export type { PairedDifference, Result, SystemName } from "./src/core/results.ts";
export { BladeError, type Refusal } from "./src/core/errors.ts";
