import { createHash } from "node:crypto";
import { basename } from "@std/path";
import type { BladeConfig } from "../config/schema.ts";
import { startsContinued } from "../config/starts_continued.ts";
import type { DataFile } from "../core/dataset.ts";
import type { PluginFact } from "../report/manifest.ts";

/** Stages whose outcome runs can share. */
export const SHARED_STAGES = ["sft", "prior", "sft-continued"] as const;

/** A stage whose outcome runs can share. */
export type SharedStage = typeof SHARED_STAGES[number];

const SFT = [
  "seed",
  "device",
  "threads",
  "blas",
  "data",
  "model",
  "sft",
  "align.contexts",
  "align.horizon",
  "align.gain",
  "align.cutoff",
  "plugins",
];

const PRIOR = [
  ...SFT,
  "align.start",
  "align.method",
  "reward",
  "target.n",
  "target.priorSlates",
  "target.discount",
  "align.batch",
  "align.groupSize",
];

const CONTINUED = [
  "align.start",
  "align.method",
  "align.batch",
  "align.epochs",
  "align.learningRate",
  "align.warmup",
  "align.weightDecay",
  "align.clipNorm",
  "align.microBatch",
  "align.nonFinite",
];

/**
 * Every configuration path that a stage, or what is prepared for it, reads: where runs agree in these, in data,
 * plugins, code and machine, the stage ends the same. A path stands for all below it.
 */
export function stageInputs(stage: SharedStage, config: BladeConfig): readonly string[] {
  if (stage === "sft") return SFT;
  // Whichever comes first of the two, the other one is made of it.
  if (startsContinued(config)) {
    return stage === "prior" ? [...PRIOR, ...CONTINUED] : [...SFT, ...CONTINUED];
  }
  return stage === "prior" ? PRIOR : [...PRIOR, ...CONTINUED];
}

/** The shared stages that a run goes through, in their order. */
export function sharedStagesOf(config: BladeConfig): SharedStage[] {
  const prior = config.align.method !== "sft" || config.reward.combine === "quantile";
  const continued = config.evaluate.systems.includes("sft-continued");
  return startsContinued(config)
    ? ["sft", "sft-continued", ...prior ? ["prior"] as const : []]
    : ["sft", ...prior ? ["prior"] as const : [], ...continued ? ["sft-continued"] as const : []];
}

/** What a stage depends on beside its configuration. */
export interface StageFacts {
  readonly data: readonly DataFile[];
  readonly plugins: readonly PluginFact[];
  /** The code and the machine that compute, see `codeVersion`. */
  readonly version: string;
}

/**
 * The name under which the outcome of a stage is shared: SHA-256 of all that the stage depends on.
 *
 * @returns hexadecimal digits
 * @example
 * ```ts
 * import { stageKey } from "./stage_keys.ts";
 * import { configSchema } from "../config/schema.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const facts = { data: [], plugins: [], version: "1" };
 * const key = (input: object) => stageKey("sft", configSchema.parse(input), facts);
 * assertEquals(key({ align: { epochs: 3 } }), key({}));
 * assertNotEquals(key({ sft: { epochs: 3 } }), key({}));
 * ```
 */
export function stageKey(stage: SharedStage, config: BladeConfig, facts: StageFacts): string {
  const values = stageInputs(stage, config).map((path) => [path, valueAt(path, config)]);
  const files = facts.data.map(({ path, sha256 }) => [basename(path), sha256]);
  const plugins = judgesOf(stage, config, facts).map(({ spec, sha256 }) => [spec, sha256]);
  const all = canonical([stage, values, files, plugins, facts.version]);
  return createHash("sha256").update(all).digest("hex");
}

/**
 * The plugins that have a say in a stage. Supervised training asks nDCG alone, which is part of the code, unless a
 * plugin of the configuration has taken its name.
 */
function judgesOf(
  stage: SharedStage,
  config: BladeConfig,
  facts: StageFacts,
): readonly PluginFact[] {
  const byLabels = stage === "sft" || stage === "sft-continued" && startsContinued(config);
  return byLabels && config.plugins.length === 0 ? [] : facts.plugins;
}

/**
 * The data are known by their hashes: where they lie and on what terms changes nothing. Of the method, all that reaches
 * these stages is whether there is one, and with it a prior that the reward is fitted to.
 */
function valueAt(path: string, config: BladeConfig): unknown {
  if (path === "align.method") return config.align.method !== "sft";
  if (path === "data") {
    const { folder: _, licence: __, ...rest } = config.data;
    return rest;
  }
  return path.split(".").reduce<unknown>((node, key) => Reflect.get(Object(node), key), config);
}

/** JSON whose text does not depend on the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_, node) =>
      typeof node === "object" && node !== null && !Array.isArray(node)
        ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => a < b ? -1 : 1))
        : node,
  );
}
