import { isAbsolute } from "@std/path";
import { z } from "zod";

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256");
const interval = z.tuple([z.number(), z.number()]);

const difference = z.object({ difference: z.number(), interval95: interval, p: z.number() });

const result = z.object({
  system: z.string().min(1),
  metric: z.string().min(1),
  split: z.enum(["validation", "test"]),
  mean: z.number().nullable(),
  interval95: interval.nullable(),
  contexts: count,
  undefined: count,
  versusReference: difference.exactOptional(),
  versusContinued: difference.exactOptional(),
});

/** Files that a run wrote stand in its folder: whoever reads them is led nowhere else. */
const ownPath = z.string().min(1).refine(
  (path) => !isAbsolute(path) && !/^[A-Za-z]:|\0/.test(path) && !path.split(/[\\/]/).includes(".."),
  "must be a path inside the run folder",
);

/**
 * What a manifest must be for its readers. Of the configuration it holds the parts that readers of results look at; who
 * trains or opens the model by it checks all of it.
 */
export const manifestSchema = z.object({
  schemaVersion: z.literal(1),
  runId: z.string(),
  startedAt: z.iso.datetime(),
  durationMs: z.number().min(0).max(1e15),
  outcome: z.enum(["completed", "interrupted", "failed"]),
  seed: count,
  config: z.looseObject({
    data: z.record(z.string(), z.unknown()),
    reward: z.looseObject({ terms: z.array(z.looseObject({ metric: z.string() })) }),
    plugins: z.array(z.string()).exactOptional(),
  }),
  commit: z.string().nullable(),
  runtime: z.object({
    deno: z.string(),
    tfjs: z.string(),
    backend: z.string(),
    adapter: z.string().nullable(),
    threads: count,
    platform: z.string().exactOptional(),
  }),
  place: z.object({ runFolder: z.string(), program: z.string().nullable() }).exactOptional(),
  data: z.array(z.object({ path: z.string(), bytes: count, sha256 })),
  plugins: z.array(z.object({ spec: z.string(), sha256 })),
  results: z.array(result),
  warnings: z.array(z.string()),
  artifacts: z.array(z.object({ path: ownPath, bytes: count, sha256 })),
});
