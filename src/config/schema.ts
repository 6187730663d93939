import { z } from "zod";

/**
 * The configuration of a run: every key, its bounds and its default. Defaults stand here and nowhere else; a
 * resolved configuration holds all of them, so that a run folder tells what ran.
 */

const share = z.number().min(0).max(1);
const count = z.int().min(1);
const positive = z.number().positive();
const column = z.string().min(1);

/** The systems that an evaluation can compare, in the order of its tables. */
export const SYSTEMS = [
  "most-popular",
  "item-knn",
  "reference",
  "sft-continued",
  "best-of-n",
  "aligned",
] as const;

/** The generated data set that comes with the program, relative to the program's own folder. */
export const QUICKSTART_FOLDER = "fixtures/quickstart";

/** The devices that a run can be asked to use; `auto` takes a real GPU where there is one, else wasm. */
export const DEVICES = ["auto", "webgpu", "native", "wasm", "cpu"] as const;

const data = z.strictObject({
  reader: z.enum([
    "fixture",
    "movietweetings",
    "ml-1m",
    "movielens-csv",
    "movielens-100k",
    "recbole",
    "table",
  ])
    .default("fixture").describe("format of the files; `table` is any CSV, TSV or JSONL with a column map"),
  folder: z.string().min(1).default(QUICKSTART_FOLDER)
    .describe("folder of the data; relative to this file, or to the working folder when given by --set"),
  interactions: column.exactOptional().describe("table: file of the interactions, by default interactions.*"),
  items: column.exactOptional().describe("table: file of the items, by default items.*"),
  users: column.exactOptional().describe("table: file of the users, by default users.*"),
  format: z.enum(["csv", "tsv", "jsonl"]).exactOptional()
    .describe("table: format of the files, by default what their names end in"),
  columns: z.strictObject({
    user: column,
    item: column,
    rating: column.exactOptional(),
    timestamp: column.exactOptional(),
  }).exactOptional().describe("table: columns of the interactions, by default user, item, rating, timestamp"),
  itemColumns: z.strictObject({
    item: column,
    title: column.exactOptional(),
    categories: column.exactOptional(),
    categorySeparator: z.string().min(1).exactOptional(),
  }).exactOptional().describe("table: columns of the items, by default item, title, categories"),
  userColumns: z.strictObject({ user: column, groups: z.array(column).exactOptional() }).exactOptional()
    .describe("table: columns of the users, by default user and every other one as a group"),
  name: column.exactOptional().describe(
    "recbole: name of the files before .inter, by default the only one there",
  ),
  fields: z.strictObject({
    user: column.exactOptional(),
    item: column.exactOptional(),
    rating: column.exactOptional(),
    timestamp: column.exactOptional(),
    title: column.exactOptional(),
    categories: column.exactOptional(),
  }).exactOptional().describe("recbole: names of the fields, by default user_id, item_id, rating, timestamp"),
  kCore: z.int().min(0).default(5)
    .describe("users and items with fewer interactions are dropped until none is left; 0 or 1 keeps all"),
  minRating: z.number().nullable().default(null).describe(
    "interactions rated lower are dropped; null keeps all",
  ),
  split: z.enum(["leave-last-out", "global-time"]).default("leave-last-out")
    .describe("leave-last-out: per user the last is test, the one before validation; global-time: by date"),
  validationShare: share.default(0.1).describe("share of the interactions in validation, for global-time"),
  testShare: share.default(0.1).describe("share of the interactions in test, for global-time"),
  maxHistory: count.default(50).describe("interactions of a user that the model reads, the latest ones"),
});

const model = z.strictObject({
  codec: z.enum(["id"]).default("id").describe("how an item becomes tokens; id: one token an item"),
  slate: z.enum(["plackett-luce", "autoregressive"]).default("plackett-luce")
    .describe(
      "plackett-luce: one score vector ranks all; autoregressive: each pick sees the picks before it",
    ),
  layers: count.default(2).describe("decoder blocks"),
  width: count.default(64).describe("width of the residual stream"),
  heads: count.default(2).describe("query heads of an attention layer"),
  kvHeads: count.default(2).describe("key and value heads; fewer than heads is grouped-query attention"),
  hidden: count.default(172).describe("width of the feed-forward layer"),
  dropout: z.number().min(0).lt(1).default(0.2).describe("share of activations dropped in training"),
  ropeBase: positive.default(10000).describe("base of the rotary positions"),
  normEpsilon: positive.default(1e-6).describe("added to the mean square by RMSNorm"),
});

/** What the two loops share. */
const optimization = {
  warmup: share.default(0.05).describe("share of the steps over which the learning rate rises from 0"),
  clipNorm: positive.default(1).describe("largest global gradient norm"),
};

const sft = z.strictObject({
  epochs: z.int().min(0).default(30).describe("passes over the training users at most"),
  batch: count.default(128).describe("users per step"),
  learningRate: positive.default(1e-3).describe("peak learning rate of AdamW"),
  patience: count.default(3).describe("epochs without a better validation nDCG@10 before it stops"),
  ...optimization,
  weightDecay: z.number().min(0).default(0.01).describe("decoupled weight decay of AdamW"),
});

const reward = z.strictObject({
  terms: z.array(z.strictObject({
    metric: z.string().min(1).describe(
      "name@cutoff?option=value; `blade metrics list` names the built-in ones",
    ),
    weight: z.number().default(1).describe("factor of the raw metric; negative to push it down"),
  })).min(1).default([{ metric: "ndcg@10", weight: 0.7 }, { metric: "ild@10", weight: 0.3 }])
    .describe("the list-wise metrics that make the reward"),
  combine: z.enum(["sum"]).default("sum").describe("sum: weighted sum of the raw metrics"),
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

const align = z.strictObject({
  method: z.enum(["blade", "sft"]).default("blade").describe(
    "blade: Bayesian list-wise alignment; sft: none",
  ),
  objective: z.enum(["distill", "backward", "jeffreys"]).default("distill")
    .describe("forward KL to the target, backward KL, or a mix of both"),
  anchor: z.enum(["policy", "reference", "ema"]).default("policy").describe("what the target tilts"),
  emaDecay: z.number().min(0).lt(1).default(0.99).describe("decay per step of the anchor `ema`"),
  beta: share.default(0.5).describe("share of the backward KL in `jeffreys`"),
  logRatioFloor: z.number().max(0).nullable().default(null)
    .describe("smallest log density ratio in the backward KL, in nats; null: none"),
  klCoefficient: z.number().min(0).default(0.01).describe("weight of the KL to the reference"),
  contexts: z.enum(["unseen", "seen"]).default("unseen")
    .describe("unseen: the targets of alignment are kept out of sft"),
  horizon: count.default(1).describe("next interactions that are the targets of a training context"),
  gain: z.enum(["one", "rating"]).default("one").describe("gain of a relevant item"),
  groupSize: count.default(4).describe("G, slates sampled per context and visit"),
  cutoff: count.default(10).describe("K, items of a slate"),
  batch: count.default(64).describe("contexts per step"),
  epochs: z.int().min(0).default(4).describe("visits to each context"),
  learningRate: positive.default(5e-4).describe("peak learning rate of AdamW"),
  ...optimization,
  weightDecay: z.number().min(0).default(0).describe("decoupled weight decay of AdamW"),
});

const evaluate = z.strictObject({
  metrics: z.array(z.string().min(1)).min(1)
    .default(["ndcg@10", "recall@10", "ild@10", "mgu@10", "coverage@10"])
    .describe("metrics of the final table, each name@cutoff?option=value"),
  systems: z.array(z.enum(SYSTEMS)).min(1).default([...SYSTEMS]).describe("the systems to compare"),
  decode: z.enum(["greedy", "beam"]).default("greedy").describe("how the lists of the model are read off"),
  beams: count.default(4).describe("width of the beam"),
  resamples: z.int().min(100).default(1000).describe("bootstrap resamples behind an interval"),
});

const checkpoint = z.strictObject({
  everySteps: count.default(200).describe("steps between two checkpoints"),
  keep: count.default(2).describe("checkpoints kept, the latest ones"),
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
  device: z.enum(DEVICES).default("auto").describe("where tensors live; auto: a real GPU, else wasm"),
  threads: count.nullable().default(null).describe(
    "threads of the wasm and native devices; null: as many as cores",
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
  const refuse = (path: (string | number)[], rule: string, mend: string) =>
    context.addIssue({ code: "custom", path, message: rule, params: { mend } });
  const { width, heads, kvHeads } = config.model;
  if (width % heads !== 0) {
    refuse(
      ["model", "heads"],
      `must divide model.width (${width})`,
      "set model.width to a multiple of model.heads",
    );
  } else if ((width / heads) % 2 !== 0) {
    const rule = `must leave heads of an even size (model.width / model.heads is ${width / heads})`;
    refuse(
      ["model", "heads"],
      rule,
      "rotary positions turn pairs: set model.width to a multiple of 2 · model.heads",
    );
  }
  if (heads % kvHeads !== 0) {
    const rule = `must divide model.heads (${heads})`;
    refuse(
      ["model", "kvHeads"],
      rule,
      "set it to model.heads, or to a divisor of it for grouped-query attention",
    );
  }
  if (config.data.validationShare + config.data.testShare >= 1) {
    const rule = "must leave something to train on: validationShare + testShare must be under 1";
    refuse(["data", "testShare"], rule, "lower data.testShare or data.validationShare");
  }
  if (config.data.folder === QUICKSTART_FOLDER && config.data.reader !== "fixture") {
    const rule = `must be given for the reader \`${config.data.reader}\``;
    refuse(["data", "folder"], rule, "set it to the folder that holds the files of the data set");
  }
  const belonging = {
    table: ["interactions", "items", "users", "format", "columns", "itemColumns", "userColumns"],
    recbole: ["name", "fields"],
  } as const;
  for (const [reader, keys] of Object.entries(belonging)) {
    if (reader === config.data.reader) continue;
    for (const key of keys) {
      if (config.data[key] === undefined) continue;
      refuse(
        ["data", key],
        `belongs to the reader \`${reader}\` only`,
        `remove it, or set data.reader to "${reader}"`,
      );
    }
  }
  const lists: [(string | number)[], readonly string[]][] = [
    [["evaluate", "metrics"], config.evaluate.metrics],
    [["evaluate", "systems"], config.evaluate.systems],
    [["reward", "terms"], config.reward.terms.map((term) => term.metric)],
  ];
  for (const [path, names] of lists) {
    const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
    if (twice >= 0) refuse([...path, twice], `must not name ${names[twice]} twice`, "remove one of the two");
  }
});

/** A configuration with every default filled in. Paths in it are absolute. */
export type BladeConfig = z.output<typeof configSchema>;

/** A configuration as a user writes it: everything may be left out. */
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
