import { basename, dirname, extname, join, resolve } from "@std/path";
import { checkShape } from "../core/check_shape.ts";
import { BladeError } from "../core/errors.ts";
import { configRefusal, type PlaceOf } from "../config/config_refusal.ts";
import { type JsoncDocument, readJsonc } from "../config/jsonc_document.ts";
import { configPath, isConfigPath, type Override } from "../config/override.ts";
import { completeConfig, readConfigText } from "../config/parse.ts";
import type { BladeConfig } from "../config/schema.ts";
import { type Arm, type Change, changesOf, expandArms } from "./expand.ts";
import { type ExperimentFile, experimentSchema } from "./schema.ts";

/** One run of an experiment. */
export interface Cell {
  readonly arm: string;
  readonly data: string;
  readonly seed: number;
  /** Its run folder, relative to that of the experiment. */
  readonly folder: string;
  readonly config: BladeConfig;
}

/** Everything that an experiment will do, every configuration checked and complete. Kept in its folder. */
export interface Experiment {
  readonly schemaVersion: 1;
  readonly name: string;
  /** Name of an arm. */
  readonly baseline: string;
  readonly arms: readonly string[];
  readonly data: readonly string[];
  readonly seeds: readonly number[];
  readonly halving: ExperimentFile["halving"] | null;
  /** Runs at a time. */
  readonly parallel: number;
  /** Data set by data set, seed by seed, arm by arm. */
  readonly cells: readonly Cell[];
}

/**
 * Reads an experiment file and completes the configuration of each of its runs.
 *
 * @param set `path=value` each, changes of the base configuration
 * @throws {BladeError} with file and line, arm or data set, path, rule, value and mend
 */
export async function loadExperiment(path: string, set: readonly string[] = []): Promise<Experiment> {
  return await planExperiment(await readConfigText(path), path, set);
}

/**
 * The same of a text.
 *
 * @param path of the file, where relative paths in it start
 * @example
 * ```ts
 * import { planExperiment } from "./plan.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 * const arms = '[{ "name": "blade" }, { "name": "sft", "set": { "align.method": "sft" } }]';
 * const { cells, baseline } = await planExperiment(`{ "base": {}, "seeds": [1, 2], "arms": ${arms} }`, "two.jsonc");
 * assertEquals([cells.length, cells[3]?.folder, baseline], [4, "cells/sft-quickstart-2", "blade"]);
 * const wrong = '{ "base": {}, "seeds": [1], "arms": [{ "name": "none", "set": { "align.groupSize": 0 } }] }';
 * await assertRejects(() => planExperiment(wrong, "two.jsonc"), Error, 'two.jsonc:1: arm "none": align.groupSize: must');
 * ```
 */
export async function planExperiment(
  text: string,
  path: string,
  set: readonly string[] = [],
): Promise<Experiment> {
  const document = readJsonc(text, path);
  const placeOf: PlaceOf = (at) => `${path}:${document.lineOf(at)}`;
  const parsed = checkShape(experimentSchema, document.value);
  if (!parsed.success) throw configRefusal(parsed.error, document.value, placeOf, experimentSchema);
  const file = parsed.data;
  const base = await baseOf(file, path, placeOf);
  const arms = expandArms(file);
  const sets = (file.data ?? [undefined]).map((entry, at) => ({
    name: entry?.name,
    changes: changesOf(entry?.set ?? {}, ["data", at, "set"]),
  }));
  const ofAll = changesOf(file.set, ["set"]);
  checkPaths(ofAll, sets.flatMap(({ changes }) => changes), arms, placeOf);
  const folders = new Set<string>();
  const names: string[] = [];
  const cells: Cell[] = [];
  for (const { name, changes } of sets) {
    for (const seed of file.seeds) {
      for (const arm of arms) {
        const config = completed({ file, path, document, base, set, ofAll }, name, changes, arm, seed);
        const data = name ?? config.data.name ?? basename(config.data.folder);
        if (!names.includes(data)) names.push(data);
        cells.push({
          arm: arm.name,
          data,
          seed,
          folder: folderOf([arm.name, data, String(seed)], folders),
          config,
        });
      }
    }
  }
  return {
    schemaVersion: 1,
    name: file.name ?? basename(path, extname(path)),
    baseline: baselineOf(file, arms, cells, placeOf),
    arms: arms.map(({ name }) => name),
    data: names,
    seeds: file.seeds,
    halving: file.halving ?? null,
    parallel: file.parallel,
    cells,
  };
}

interface Base {
  readonly written: unknown;
  readonly placeOf: PlaceOf;
  /** Where relative paths in it start. */
  readonly folder: string;
}

async function baseOf({ base }: ExperimentFile, path: string, placeOf: PlaceOf): Promise<Base> {
  const folder = resolve(dirname(path));
  if (typeof base !== "string") {
    return { written: base, placeOf: (at) => placeOf(["base", ...at]), folder };
  }
  const from = resolve(folder, base);
  let text: string;
  try {
    text = await readConfigText(from);
  } catch (error) {
    if (!(error instanceof BladeError)) throw error;
    throw new BladeError({ ...error.refusal, place: `${placeOf(["base"])}: base`, value: from });
  }
  const document: JsoncDocument = readJsonc(text, from);
  return {
    written: document.value,
    placeOf: (at) => `${from}:${document.lineOf(at)}`,
    folder: dirname(from),
  };
}

interface Written {
  readonly file: ExperimentFile;
  readonly path: string;
  readonly document: JsoncDocument;
  readonly base: Base;
  readonly set: readonly string[];
  readonly ofAll: readonly Change[];
}

function completed(
  { file, path, document, base, set, ofAll }: Written,
  data: string | undefined,
  changes: readonly Change[],
  arm: Arm,
  seed: number,
): BladeConfig {
  const folder = resolve(dirname(path));
  const above = (change: Change, whose: string): Override => ({
    place: `${path}:${document.lineOf(change.at)}: ${whose}`,
    path: configPath(change.path),
    value: change.value,
    folder,
  });
  const common: Change[] = [
    { path: "seed", value: seed, at: ["seeds"] },
    ...file.metrics === undefined ? [] : [{ path: "evaluate.metrics", value: file.metrics, at: ["metrics"] }],
  ];
  const among = `arm "${arm.name}"${data === undefined ? "" : `, data "${data}"`}`;
  return completeConfig(
    base.written,
    {
      below: ofAll.map((change) => above(change, "every run")),
      set,
      above: [
        ...common.map((change) => above(change, `every arm`)),
        ...changes.map((change) => above(change, `data "${data}"`)),
        ...arm.set.map((change) => above(change, `arm "${arm.name}"`)),
      ],
    },
    (at) => `${base.placeOf(at)}: ${among}`,
    base.folder,
  );
}

/** Of the data, what an arm may change: it leaves the users and what is held out of them as they are. */
const DATA_OF_ARMS: readonly string[] = ["data.maxHistory", "data.licence"];

function checkPaths(
  ofAll: readonly Change[],
  ofData: readonly Change[],
  arms: readonly Arm[],
  placeOf: PlaceOf,
): void {
  const refuse = ({ path, at }: Change, whose: string, rule: string, mend: string): never => {
    throw new BladeError({ place: `${placeOf(at)}: ${whose}`, rule, value: path, mend });
  };
  const check = (change: Change, whose: string) => {
    if (!isConfigPath(change.path)) {
      refuse(
        change,
        whose,
        "must be a configuration path",
        "name the key with dots, for instance align.cutoff",
      );
    }
    if (change.path === "seed") {
      refuse(
        change,
        whose,
        "must not set the seed",
        "list the seeds in `seeds`: every arm is trained with each",
      );
    }
  };
  for (const change of ofAll) check(change, "set");
  for (const change of ofData) check(change, "data");
  for (const { name, set } of arms) {
    for (const change of set) {
      check(change, `arm "${name}"`);
      if (/^data(\.|$)/.test(change.path) && !DATA_OF_ARMS.includes(change.path)) {
        const mend = "make it an entry of `data`, which every arm is trained on";
        refuse(
          change,
          `arm "${name}"`,
          "must leave the data alone: arms are compared on the same users",
          mend,
        );
      }
    }
  }
}

function baselineOf(
  { baseline }: ExperimentFile,
  arms: readonly Arm[],
  cells: readonly Cell[],
  placeOf: PlaceOf,
): string {
  if (baseline === undefined) {
    const blade = cells.find(({ config }) => config.align.method === "blade");
    return blade?.arm ?? arms[0]!.name;
  }
  const arm = arms.find(({ name }) => name === baseline) ?? arms.find(({ written }) => written === baseline);
  if (arm !== undefined) return arm.name;
  throw new BladeError({
    place: `${placeOf(["baseline"])}: baseline`,
    rule: "must be the name of an arm",
    value: baseline,
    mend: `take one of ${arms.slice(0, 8).map(({ name }) => name).join(", ")}`,
  });
}

/** Longest name of a folder that is made of names. */
const LONGEST = 100;

/** A folder name of its own for each run, as readable as names of files may be. */
function folderOf(names: readonly string[], taken: Set<string>): string {
  const safe = names.map((name) => name.replace(/[^\p{L}\p{N}._=-]+/gu, "_"));
  const slug = safe.join("-").slice(0, LONGEST);
  for (let number = 1;; number++) {
    const folder = join("cells", number === 1 ? slug : `${slug}-${number}`);
    if (taken.has(folder)) continue;
    taken.add(folder);
    return folder;
  }
}
