import { join } from "@std/path";
import { z } from "zod";
import { configSchema } from "../config/schema.ts";
import { BladeError } from "../core/errors.ts";
import { checked } from "../report/checked_json.ts";
import { createRunFolder, nextRunFolder, RUN_FILES, writeAtomically } from "../report/run_folder.ts";
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
      "give a folder that `blade experiment` made; `train --resume` goes on with a single run",
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
  if (Object(plan).schemaVersion === 1) {
    const mend = "start the experiment anew, elsewhere: this file was changed or is damaged";
    return checked(plan, join(folder, EXPERIMENT_FILES.plan), planSchema, mend) as Experiment;
  }
  throw refuse(
    "must be an experiment of version 1",
    "resume it with the version of the program that made it",
  );
}

const names = z.array(z.string());

/** Runs stand in folders of their own below that of the experiment. */
const folderOfCell = z.string().regex(/^cells[\\/][^\\/\0]+$/, "must be a folder in `cells`")
  .refine((folder) => !folder.endsWith(".."), "must be a folder in `cells`");

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
    folder: folderOfCell,
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
