/**
 * The configuration of a run: every key, its bounds and its default. Defaults stand here and in schema/, nowhere else; a
 * resolved configuration holds all of them, so that a run folder tells what ran.
 *
 * @module
 */
import { z } from "zod";
import { BEST_OF_NUMBER } from "../core/best_of.ts";
import { DEVICES } from "../core/devices.ts";
import { contradictions } from "./schema/consistency.ts";
import { data } from "./schema/data.ts";
import { count } from "./schema/parts.ts";
import { plugins } from "./schema/plugins.ts";
import { model } from "./schema/model.ts";
import { align, checkpoint, sft } from "./schema/training.ts";

/** The systems that an evaluation can compare, in the order of its tables. */
export const SYSTEMS = [
  "most-popular",
  "item-knn",
  "reference",
  "sft-continued",
  "best-of-n",
  "aligned",
] as const;

const reward = z.strictObject({
  terms: z.array(z.strictObject({
    metric: z.string().min(1).describe(
      "name@cutoff?option=value; `blade metrics list` names the built-in ones",
    ),
    weight: z.number().default(1).describe(
      "factor in the reward; a metric that is to be small is turned round by itself",
    ),
  })).min(1).default([{ metric: "ndcg@10", weight: 0.7 }, { metric: "ild@10", weight: 0.3 }])
    .describe("the list-wise metrics that make the reward"),
  combine: z.enum(["sum", "quantile"]).default("sum").describe(
    "sum: weighted sum of the raw metrics; quantile: each by the order of its own values, free of scales",
  ),
  constraints: z.array(z.strictObject({
    metric: z.string().min(1).describe("name@cutoff?option=value, as in terms"),
    atLeast: z.number().optional().describe("least mean that is allowed"),
    atMost: z.number().optional().describe("greatest mean that is allowed"),
  })).default([]).describe("bounds to keep while the reward rises; a multiplier each adapts in training"),
  multiplierRate: z.number().positive().default(0.2)
    .describe("step of the constraints' multipliers, per step and standard deviation of violation"),
  ...plugins,
});

const target = z.strictObject({
  kind: z.enum(["bayesian", "static"]).default("bayesian")
    .describe(
      "bayesian: a belief that follows the policy; static: best-of-N of the reference, estimated once",
    ),
  n: z.number().min(1).default(4).describe("N of best-of-N; need not be an integer"),
  priorSlates: count.default(16).describe("M, slates of the reference that make the prior of a context"),
  priorStrength: z.number().min(0).default(16).describe("weight of the prior, in observations"),
  discount: z.number().positive().max(1).default(0.9).describe(
    "what a visit leaves of the evidence before it",
  ),
  pooling: z.number().min(0).default(0).describe(
    "weight of recent rewards of all contexts in a context's belief",
  ),
  maxAtoms: count.default(128).describe("distinct rewards that the evidence of a context keeps"),
});

const A_SYSTEM = `must be one of ${SYSTEMS.join(", ")}, or best-of- and a number up to 999`;

const bestOfNumber = z.string().regex(BEST_OF_NUMBER, A_SYSTEM) as unknown as z.ZodType<`best-of-${number}`>;

const evaluate = z.strictObject({
  metrics: z.array(z.string().min(1)).min(1)
    .default(["ndcg@10", "recall@10", "ild@10", "mgu@10", "coverage@10"])
    .describe("metrics of the final table, each name@cutoff?option=value"),
  systems: z.array(z.union([z.enum(SYSTEMS), bestOfNumber], { error: A_SYSTEM })).min(1).default([...SYSTEMS])
    .describe(
      "the systems to compare; best-of-8 and the like: of so many slates of the reference the best, as best-of-n of target.n",
    ),
  decode: z.enum(["greedy", "beam"]).default("greedy").describe("how the lists of the model are read off"),
  beams: count.default(4).describe("width of the beam"),
  resamples: z.int().min(100).default(1000).describe("bootstrap resamples behind an interval"),
});

/**
 * The schema of a configuration file.
 *
 * @example
 * ```ts
 * import { configSchema } from "./schema.ts";
 * import { assertEquals } from "@std/assert";
 * const config = configSchema.parse({ target: { n: 8 } });
 * assertEquals([config.target.n, config.target.discount, config.align.groupSize], [8, 0.9, 4]);
 * ```
 */
export const configSchema = z.strictObject({
  $schema: z.string().exactOptional().describe("where editors find the schema of this file"),
  name: z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u, "must be letters, digits, '.', '_' and '-'")
    .exactOptional()
    .describe("name of the run folder; by default the name of this file"),
  seed: z.int().min(0).default(1).describe("seed of every random number of the run"),
  device: z.enum(DEVICES).default("auto").describe(
    "where tensors live; auto: a real GPU, else native where it is allowed, else wasm",
  ),
  threads: count.nullable().default(null).describe(
    "threads of the wasm and native devices; null: as many as cores",
  ),
  blas: z.string().min(1).nullable().default(null).describe(
    "library of the native device, a path or a name that the system's loader finds; null: the system's; where one is named, auto is native",
  ),
  data: data.prefault({}).describe("what to learn from"),
  model: model.prefault({}).describe("the decoder and how it makes a list"),
  sft: sft.prefault({}).describe("supervised fine-tuning, which makes the reference"),
  reward: reward.prefault({}).describe("what a good list is"),
  target: target.prefault({}).describe("the distribution that the policy is moved to"),
  align: align.prefault({}).describe("the alignment"),
  evaluate: evaluate.prefault({}).describe("the comparison at the end"),
  plugins: z.array(z.string().min(1)).default([])
    .describe("metric plugins: paths relative to this file, file:, npm: or https: addresses"),
  checkpoint: checkpoint.prefault({}).describe("what is saved while a run goes on"),
}).superRefine((config, context) => {
  for (const { path, rule, mend } of contradictions(config)) {
    context.addIssue({ code: "custom", path: [...path], message: rule, params: { mend } });
  }
});

/**
 * A configuration with every default filled in. Paths in it are absolute.
 *
 * @ignore inferred from the schema, which docs/config.schema.json documents key by key
 */
export type BladeConfig = z.output<typeof configSchema>;

/**
 * A configuration as a user writes it: everything may be left out.
 *
 * @ignore inferred from the schema, which docs/config.schema.json documents key by key
 */
export type BladeConfigInput = z.input<typeof configSchema>;

/**
 * The JSON Schema of a configuration file (draft 2020-12), which editors use to complete and check it.
 *
 * @example
 * ```ts
 * import { configJsonSchema } from "./schema.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(configJsonSchema().type, "object");
 * ```
 */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: "input" });
}
