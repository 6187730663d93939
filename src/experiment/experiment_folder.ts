import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { lockRunFolder } from "../config/run_lock.ts";
import {
  createRunFolder,
  nextRunFolder,
  refuseFull,
  removeParts,
  RUN_FILES,
  writeAtomically,
} from "../report/run_folder.ts";
import { isThere } from "../report/is_there.ts";
import type { Cell, Experiment } from "./plan.ts";

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
 * @throws {BladeError} when there is none
 */
export async function keptExperiment(folder: string): Promise<Experiment> {
  const refuse = (rule: string, mend: string) => new BladeError({ place: `--resume ${folder}`, rule, mend });
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
  let plan: Experiment | null;
  try {
    plan = JSON.parse(text);
  } catch {
    throw refuse(
      `must have an ${EXPERIMENT_FILES.plan} that is whole JSON`,
      "start the experiment anew, elsewhere",
    );
  }
  if (plan?.schemaVersion === 1) return plan;
  throw refuse(
    "must be an experiment of version 1",
    "resume it with the version of the program that made it",
  );
}

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
