/**
 * The file of an experiment: which methods, on which data sets, with which seeds.
 *
 * @module
 */
import { z } from "zod";

const nameOf = z.string().regex(/^[^\p{Cc}/\\]+$/u, "must be a name without slashes").max(80);
const count = z.int().min(1);

const set = z.record(z.string().min(1), z.unknown()).default({}).describe(
  'values by configuration path, for instance { "align.groupSize": 8 }',
);

const range = z.strictObject({
  min: z.number().describe("least value"),
  max: z.number().describe("greatest value"),
  log: z.boolean().default(false).describe("drawn evenly over the logarithm instead of the value"),
  whole: z.boolean().default(false).describe("whole numbers only"),
});

/** Runs of an experiment: each has a configuration that is checked before the first one starts. */
const MOST_RUNS = 5000;

/**
 * The schema of an experiment file.
 *
 * @example
 * ```ts
 * import { experimentSchema } from "./schema.ts";
 * import { assertEquals } from "@std/assert";
 * const { arms, parallel } = experimentSchema.parse({ base: {}, seeds: [1], arms: [{ name: "blade" }] });
 * assertEquals([arms, parallel], [[{ name: "blade", set: {} }], 1]);
 * ```
 */
export const experimentSchema = z.strictObject({
  $schema: z.string().exactOptional().describe("where editors find the schema of this file"),
  name: z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u, "must be letters, digits, '.', '_' and '-'")
    .exactOptional().describe("name of the folder; by default the name of this file"),
  base: z.union([z.string().min(1), z.record(z.string(), z.unknown())], {
    error: "must be the path of a configuration file, or a configuration",
  }).describe("the run that all others are changes of: a file, relative to this one, or a configuration"),
  set: set.describe("changes of `base` for every run, values by configuration path; --set wins over them"),
  data: z.array(z.strictObject({
    name: nameOf.describe("name of the data set in tables and folders"),
    set,
  })).min(1).exactOptional().describe("data sets; by default the one of `base`"),
  seeds: z.array(z.int().min(0)).min(1).describe("seeds; every method is trained with each"),
  arms: z.array(z.strictObject({
    name: nameOf.describe("name of the method in tables and folders"),
    set,
  })).min(1).describe("methods, each a set of changes to `base`"),
  grid: z.record(z.string().min(1), z.array(z.unknown()).min(1)).exactOptional().describe(
    "values by configuration path: every arm is trained with every combination of them",
  ),
  random: z.object({
    trials: count.describe("combinations drawn, the same ones for every arm"),
    seed: z.int().min(0).default(1).describe("seed of the draws"),
  }).catchall(z.union([z.array(z.unknown()).min(1), range], {
    error: "must be a range { min, max } or an array of values",
  })).exactOptional().describe("a range or values by configuration path, from which every arm is drawn anew"),
  halving: z.strictObject({
    rungs: z.array(count).min(1).describe("epochs of alignment after which arms are dropped, ascending"),
    keep: z.number().gt(0).lt(1).default(0.5).describe("share of the arms that goes on, rounded up"),
    metric: z.enum(["reward"]).default("reward").describe(
      "by what they are judged: best value on validation so far",
    ),
  }).exactOptional().describe(
    "successive halving: arms that do badly on validation are not trained to the end",
  ),
  baseline: nameOf.exactOptional().describe(
    "the arm that the others are compared with; by default the first of method blade, else the first",
  ),
  metrics: z.array(z.string().min(1)).min(1).exactOptional().describe(
    "metrics of the table, for all runs; by default evaluate.metrics of each",
  ),
  parallel: count.default(1).describe("runs at a time, each a process of its own"),
}).superRefine((file, context) => {
  const refuse = (path: (string | number)[], message: string, mend: string) =>
    context.addIssue({ code: "custom", path, message, params: { mend } });
  for (const key of ["arms", "data"] as const) {
    const names = (file[key] ?? []).map(({ name }) => name);
    const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
    if (twice >= 0) {
      refuse([key, twice, "name"], "must be another than those before it", "rename one of them");
    }
  }
  const drawn = file.random?.trials ?? 1;
  const ofGrid = Object.values(file.grid ?? {}).reduce((product, values) => product * values.length, 1);
  const runs = file.arms.length * (file.data?.length ?? 1) * file.seeds.length * ofGrid * drawn;
  if (runs > MOST_RUNS) {
    refuse(
      [drawn > ofGrid ? "random" : "grid"],
      `must make at most ${MOST_RUNS} runs, and makes ${runs}`,
      "name fewer values, trials or seeds",
    );
  }
  const again = file.seeds.findIndex((seed, at) => file.seeds.indexOf(seed) !== at);
  if (again >= 0) refuse(["seeds", again], "must stand once", "remove one of the two");
  const rungs = file.halving?.rungs ?? [];
  const falling = rungs.findIndex((rung, at) => at > 0 && rung <= rungs[at - 1]!);
  if (falling >= 0) refuse(["halving", "rungs", falling], "must be more than the one before it", "sort them");
  for (const [path, values] of Object.entries(file.random ?? {})) {
    if (typeof values !== "object" || Array.isArray(values)) continue;
    const { min, max, log, whole } = values;
    if (min > max) refuse(["random", path], "must have min at most max", "exchange the two");
    if (log && min <= 0) refuse(["random", path], "must have min above 0 for log", "raise min, or drop log");
    if (whole && Math.ceil(min) > Math.floor(max)) {
      refuse(["random", path], "must hold a whole number", "widen it, or drop whole");
    }
  }
});

/** An experiment file with its defaults filled in. */
export type ExperimentFile = z.output<typeof experimentSchema>;

/** The JSON Schema of an experiment file (draft 2020-12). */
export function experimentJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(experimentSchema, { io: "input" });
}
