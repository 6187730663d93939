import { basename, join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { BadCell, idCell } from "../data/cells.ts";
import { interner } from "../data/raw_data.ts";
import { readTable, requiredColumn } from "../data/read_table.ts";
import { readManifest, type RunManifest } from "../report/manifest.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import type { SystemValues } from "./compare_systems.ts";

/** Finished runs as systems to compare. */
export interface RunValues {
  /** Metrics that all runs have, in the order of the first. */
  readonly specs: readonly string[];
  readonly systems: readonly SystemValues[];
  /** Plugins of the runs' configurations, for the directions of their metrics. */
  readonly plugins: readonly string[];
  /** What was left out, and why, in words. */
  readonly notes: readonly string[];
}

/** Parts of the section `data` that may differ between runs on the same test data. */
const SAME_TEST_DATA: readonly string[] = ["folder", "name", "licence", "maxHistory"];

const COLUMNS = ["user", "system", "metric", "value"] as const;

/**
 * Reads what finished runs say of one of their systems, from manifests and values per user. No model is loaded.
 *
 * @param folders of the runs
 * @param system which of each run's systems
 * @param wanted metrics; by default all that every run has
 * @throws {BladeError} when a folder is no finished run, has no such system or metric, or was evaluated on other
 * test data than the first.
 */
export async function readRunValues(
  folders: readonly string[],
  system: string,
  wanted?: readonly string[],
): Promise<RunValues> {
  const manifests: RunManifest[] = [];
  // One after the other, so that of several bad folders the first is named.
  for (const folder of folders) manifests.push(await readManifest(folder));
  const first = manifests[0]!;
  manifests.forEach((manifest, at) => {
    checkSameTestData(folders[at]!, manifest, folders[0]!, first);
    checkSystem(folders[at]!, manifest, system);
  });
  const notes: string[] = [];
  const specs = commonSpecs(manifests.map((manifest) => specsOf(manifest, system)), wanted, notes)
    .filter((spec) => spec !== "reward" || isSameReward(manifests, notes));
  const users = interner();
  const read: ReadonlyMap<string, Map<number, number>>[] = [];
  for (const folder of folders) {
    read.push(await readPerUser(join(folder, RUN_FILES.perUser), system, specs, users.number));
  }
  const systems = manifests.map((manifest, at) => ({
    system: folders[at]!,
    values: specs.map((spec) => valuesOf(manifest, system, spec, read[at]!.get(spec), users.ids.length)),
  }));
  return { specs, systems, plugins: first.config.plugins ?? [], notes };
}

/** [users] values, or the one value of a metric of all lists together. */
function valuesOf(
  manifest: RunManifest,
  system: string,
  spec: string,
  perUser: ReadonlyMap<number, number> | undefined,
  users: number,
): Float64Array | number | null {
  if (perUser === undefined) {
    return resultsOf(manifest, system).find(({ metric }) => metric === spec)?.mean ?? null;
  }
  const values = new Float64Array(users).fill(NaN);
  for (const [user, value] of perUser) values[user] = value;
  return values;
}

/** By metric and user number. */
async function readPerUser(
  path: string,
  system: string,
  specs: readonly string[],
  number: (user: string) => number,
): Promise<ReadonlyMap<string, Map<number, number>>> {
  const byMetric = new Map<string, Map<number, number>>();
  await readTable({ path, encoding: "utf-8", syntax: "quoted", separator: "," }, (header) => {
    for (const name of COLUMNS) requiredColumn(path, header, name, "the table");
    return COLUMNS;
  }, ([user, of, metric, value]) => {
    if (of !== system || !specs.includes(metric!)) return;
    const values = byMetric.get(metric!) ?? new Map<number, number>();
    byMetric.set(metric!, values);
    const row = number(idCell(user, "user"));
    const parsed = value === "" || value === undefined ? NaN : Number(value);
    if (value !== "" && !Number.isFinite(parsed)) {
      throw new BadCell("value", "must be a number or empty", value, "evaluate the run again");
    }
    if (values.has(row)) {
      throw new BadCell(
        "user",
        "must name a user once for a system and metric",
        user,
        "evaluate the run again",
      );
    }
    values.set(row, parsed);
  });
  return byMetric;
}

function resultsOf(manifest: RunManifest, system: string) {
  return manifest.results.filter((result) => result.system === system && result.split === "test");
}

function specsOf(manifest: RunManifest, system: string): readonly string[] {
  return resultsOf(manifest, system).map(({ metric }) => metric);
}

function commonSpecs(
  bySystem: readonly (readonly string[])[],
  wanted: readonly string[] | undefined,
  notes: string[],
): readonly string[] {
  const all = [...new Set(bySystem.flat())];
  const common = all.filter((spec) => bySystem.every((specs) => specs.includes(spec)));
  const missing = wanted?.find((spec) => !common.includes(spec));
  if (missing !== undefined || common.length === 0) {
    throw new BladeError({
      place: missing === undefined ? "the runs" : "--metrics",
      rule: "must name metrics that all runs have been evaluated by",
      ...(missing === undefined ? {} : { value: missing }),
      mend: common.length === 0
        ? "train them with a metric in common in evaluate.metrics"
        : `they have ${common.join(", ")} in common`,
    });
  }
  const left = all.filter((spec) => !common.includes(spec));
  if (wanted === undefined && left.length > 0) {
    notes.push(`not all runs have ${left.join(", ")}: left out`);
  }
  return wanted ?? common;
}

/** A reward of other terms is another metric. */
function isSameReward(manifests: readonly RunManifest[], notes: string[]): boolean {
  const [first, ...others] = manifests.map(({ config }) => JSON.stringify(config.reward.terms));
  if (others.every((reward) => reward === first)) return true;
  notes.push("the runs have different rewards: the metric reward is left out");
  return false;
}

function checkSystem(folder: string, manifest: RunManifest, system: string): void {
  if (resultsOf(manifest, system).length > 0) return;
  const there = [...new Set(manifest.results.map((result) => result.system))];
  throw new BladeError({
    place: folder,
    rule: "must have results of the system that is compared",
    value: system,
    mend: there.length === 0
      ? "take a run that was evaluated"
      : `choose with --system: it has ${there.join(", ")}`,
  });
}

function checkSameTestData(folder: string, run: RunManifest, firstFolder: string, first: RunManifest): void {
  const known = new Set(first.data.map(({ sha256 }) => sha256));
  const other = run.data.find(({ sha256 }) => !known.has(sha256));
  if (other !== undefined || run.data.length !== first.data.length) {
    throw new BladeError({
      place: folder,
      rule: `must have been evaluated on the test data of ${firstFolder}`,
      value: other === undefined
        ? `${run.data.length} files instead of ${first.data.length}`
        : `another ${basename(other.path)} (SHA-256 ${other.sha256.slice(0, 12)}…)`,
      mend: "compare runs on the same files, or their lists on one set of relevant items: compare --lists",
    });
  }
  const [mine, theirs] = [preparation(run), preparation(first)];
  const key = [...new Set([...mine.keys(), ...theirs.keys()])].find((key) =>
    mine.get(key) !== theirs.get(key)
  );
  if (key === undefined) return;
  throw new BladeError({
    place: folder,
    rule: `must have been evaluated on the test data of ${firstFolder}, where data.${key} is ${
      theirs.get(key)
    }`,
    value: mine.get(key) ?? "none",
    mend: "compare runs whose data are filtered and split alike",
  });
}

/** The section `data` as far as it decides what is held out, by key. */
function preparation({ config }: RunManifest): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(config.data)
      .filter(([key]) => !SAME_TEST_DATA.includes(key))
      .map(([key, value]) => [key, JSON.stringify(value)]),
  );
}
