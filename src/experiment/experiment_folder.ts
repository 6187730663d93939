import { join } from "@std/path";
import { z } from "zod";
import { configSchema } from "../config/schema.ts";
import { lockRunFolder } from "../config/run_lock.ts";
import { BladeError } from "../core/errors.ts";
import { checked } from "../report/checked_json.ts";
import { isThere } from "../report/is_there.ts";
import { refuseLinks } from "../report/refuse_links.ts";
import {
  createRunFolder,
  nextRunFolder,
  refuseFull,
  removeParts,
  RUN_FILES,
  writeAtomically,
} from "../report/run_folder.ts";
import type { Cell, Experiment } from "./plan.ts";
import { experimentSchema } from "./schema.ts";

/** Names of the files of an experiment's folder. */
export const EXPERIMENT_FILES = {
  plan: "experiment.json",
  cache: "cache",
  tableCsv: "table.csv",
  tableJson: "table.json",
  curvesCsv: "curves.csv",
} as const;

/**
 * Makes the folder of a new experiment and writes its plan, from which it can be resumed.
 *
 * @param out the folder; left out, the first free `runs/<name>-<n>`
 * @throws {BladeError} when `out` holds something
 */
export async function newExperimentFolder(plan: Experiment, out?: string): Promise<string> {
  if (out !== undefined) await createRunFolder(out);
  const folder = out ?? await nextRunFolder("runs", plan.name);
  using _lock = lockRunFolder(folder);
  // Of two programs that found it empty at once, the second one finds the first one's plan.
  await refuseFull(folder);
  await writeAtomically(join(folder, EXPERIMENT_FILES.plan), JSON.stringify(plan, null, 1) + "\n");
  return folder;
}

/**
 * The plan that the experiment of a folder was started with.
 *
 * @throws {BladeError} when there is none, or it holds links, or its runs would lie elsewhere
 */
export async function keptExperiment(folder: string): Promise<Experiment> {
  const refuse = (rule: string, mend: string) => new BladeError({ place: `--resume ${folder}`, rule, mend });
  await refuseLinks(folder, EXPERIMENT_FILES.plan);
  let text: string;
  try {
    text = await Deno.readTextFile(join(folder, EXPERIMENT_FILES.plan));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    throw refuse(
      `must be the folder of an experiment, with its ${EXPERIMENT_FILES.plan}`,
      "give a folder that `blade experiment` made, or start anew one that was stopped before its plan was written; " +
        "`train --resume` goes on with a single run",
    );
  }
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch {
    throw refuse(
      `must have an ${EXPERIMENT_FILES.plan} that is whole JSON`,
      "start the experiment anew, elsewhere",
    );
  }
  if (Object(plan).schemaVersion !== 1) {
    throw refuse(
      "must be an experiment of version 1",
      "resume it with the version of the program that made it",
    );
  }
  const mend = "start the experiment anew, elsewhere: this file was changed or is damaged";
  const experiment = checked(plan, join(folder, EXPERIMENT_FILES.plan), planSchema, mend) as Experiment;
  for (const { folder: cell } of experiment.cells) checkCell(folder, cell);
  return experiment;
}

/** Runs write into the folders of their cells, which must be those that an experiment makes. */
function checkCell(folder: string, cell: string): void {
  if (/^cells\/(?!\.\.?$)[^/\\\p{Cc}]+$/u.test(cell)) return;
  throw new BladeError({
    place: join(folder, EXPERIMENT_FILES.plan),
    rule: "must keep its runs in folders of their own below cells/",
    value: cell,
    mend: "start the experiment anew, elsewhere, from its own file",
  });
}

const names = z.array(z.string());

const planSchema = z.object({
  schemaVersion: z.literal(1),
  name: z.string(),
  baseline: z.string(),
  arms: names,
  data: names,
  seeds: z.array(z.int()),
  halving: experimentSchema.shape.halving.unwrap().nullable(),
  parallel: z.int().min(1),
  cells: z.array(z.object({
    arm: z.string(),
    data: z.string(),
    seed: z.int(),
    folder: z.string(),
    config: configSchema,
  })),
});

/** Makes the run folder of a cell, if it is not there, as `train` does: with the configuration that it will be run by. */
export async function prepareCell(experiment: string, { folder, config }: Cell): Promise<string> {
  const path = join(experiment, folder);
  await Deno.mkdir(path, { recursive: true });
  await writeAtomically(join(path, RUN_FILES.config), JSON.stringify(config, null, 2) + "\n");
  return path;
}

/** Removes what an experiment that died left half written outside its runs. For the folder's only writer. */
export async function settleExperiment(folder: string): Promise<void> {
  await removeParts(folder);
  const cache = join(folder, EXPERIMENT_FILES.cache);
  if (!await isThere(cache)) return;
  for await (const { name, isDirectory } of Deno.readDir(cache)) {
    if (isDirectory) await removeParts(join(cache, name));
  }
}
