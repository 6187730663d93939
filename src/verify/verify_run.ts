import { basename, join, resolve } from "@std/path";
import type { RunApi } from "../config/run_api.ts";
import type { BladeConfig } from "../config/schema.ts";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import { isThere } from "../report/is_there.ts";
import { createRunFolder, nextRunFolder, RUN_FILES } from "../report/run_folder.ts";
import { readManifest, type RunManifest } from "../report/manifest.ts";
import { checkArtifacts, checkConfiguration, checkInputs } from "./check_inputs.ts";
import { compareEvaluations, compareRuns, eventsOf, ofFiles } from "./compare_runs.ts";
import { compareResults } from "./compare_results.ts";
import { compareSaved, compareSteps } from "./compare_steps.ts";
import { compareWeights } from "./compare_weights.ts";
import { COMPARED, type Comparison, type Difference } from "./difference.ts";
import { promised } from "./promise.ts";
import { isInterruption, repeatFirst, type Repeating, repeatWhole } from "./repeat_run.ts";
import { type Change, changesAround } from "./surroundings.ts";
import { sameResult, sameStep, STEPS_OF_TOLERANCE } from "./tolerance.ts";

/** Whether two runs are the same, and if not, in what first. */
export interface Verification {
  readonly verdict: "same" | "different";
  /** How closely they had to agree, and why. */
  readonly by: "bits" | "tolerance";
  readonly because: string;
  readonly compared: readonly Comparison[];
  /** The first of each kind, in the order in which a run makes them. */
  readonly differences: readonly Difference[];
  /** What is not the same around them; null where nothing was repeated. */
  readonly changed: readonly Change[] | null;
  /** Folder of the repetition; null where there is none. */
  readonly repetition: string | null;
}

/** How a run is repeated. */
export interface VerifyOptions {
  /** First steps of each stage, from what the stages before left; all of the run when left out. */
  readonly steps?: number;
  /** Another device than the run's: agreement is then by tolerance. */
  readonly device?: BladeConfig["device"];
  /** Folder of the repetition, new or empty; by default the first free `runs/<run>-verify-<n>`. */
  readonly out?: string;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  readonly trainRun: RunApi["trainRun"];
}

/**
 * Repeats a finished run from its manifest and compares everything that it computed: the numbers of every step, the
 * states on the way, the weights of each stage, lists, values per user, results. Where its data, its plugins or its
 * configuration are not those of the run, that is the difference, and nothing is repeated.
 *
 * @param folder of the run
 * @throws {BladeError} when the folder is no finished run, or its device is not to be had here
 */
export async function verifyRun(folder: string, options: VerifyOptions): Promise<Verification> {
  const manifest = await readManifest(folder);
  const inputs = [await checkConfiguration(folder), ...await checkInputs(manifest)];
  if (inputs.some(({ difference }) => difference !== null)) {
    const because = "what the run read is not what is there now: nothing was repeated";
    return verdict({ by: "bits", because, compared: inputs, changed: null, repetition: null });
  }
  const artifacts = await checkArtifacts(folder, manifest);
  const steps = options.steps ?? (otherDevice(manifest, options) ? STEPS_OF_TOLERANCE : undefined);
  if (artifacts.difference !== null && steps !== undefined) {
    // Its stages cannot be gone on from; a whole repetition needs none of them, and says which number was changed.
    const because = "the files of the run are not what it wrote: nothing was repeated";
    return verdict({
      by: "bits",
      because,
      compared: [...inputs, artifacts],
      changed: null,
      repetition: null,
    });
  }
  const repetition = await repetitionFolder(folder, options.out);
  const repeating: Repeating = {
    ...options,
    manifest,
    recorded: folder,
    folder: repetition,
    device: options.device,
  };
  const repeated = await (steps === undefined ? wholly(repeating) : partly(repeating, steps))
    .catch(async (error) => {
      if (options.out === undefined) await Deno.remove(repetition, { recursive: true });
      throw isInterruption(error) ? interrupted(folder) : error;
    });
  const around = await readManifest(repeated.finished);
  return verdict({
    ...promisedOf(manifest, around),
    compared: [...inputs, artifacts, ...repeated.compared],
    changed: changesAround(manifest, around),
    repetition,
  });
}

/** Compares two finished runs; nothing is repeated. */
export async function compareFinished(folder: string, other: string): Promise<Verification> {
  const [one, two] = [await readManifest(folder), await readManifest(other)];
  const artifacts = [await checkArtifacts(folder, one), await checkArtifacts(other, two)];
  return verdict({
    ...promisedOf(one, two),
    compared: [...artifacts, ...await compareWhole(folder, other)],
    changed: changesAround(one, two),
    repetition: null,
  });
}

async function wholly(repeating: Repeating) {
  await repeatWhole(repeating);
  const { recorded, folder } = repeating;
  return { finished: folder, compared: await compareWhole(recorded, folder) };
}

/** To the bit where the devices promise that; else the first steps from the same weights, and what came out. */
async function compareWhole(recorded: string, found: string): Promise<Comparison[]> {
  const [one, two] = [await readManifest(recorded), await readManifest(found)];
  if (promisedOf(one, two).by === "bits") return await compareRuns(recorded, found);
  const pace = { stages: ["sft"], first: STEPS_OF_TOLERANCE, same: sameStep };
  return [
    await ofFiles(
      "step",
      "steps",
      async () => compareSteps(await eventsOf(recorded), await eventsOf(found), pace),
    ),
    compareResults(one.results, two.results, sameResult),
  ];
}

async function partly(repeating: Repeating, steps: number) {
  const { recorded, manifest } = repeating;
  const stages = await repeatFirst(repeating, steps);
  const finished = stages.at(-1)!.folder;
  const around = await readManifest(finished);
  const events = await eventsOf(recorded);
  const exact = promisedOf(manifest, around).by === "bits";
  const compared: Comparison[] = [];
  for (const { stage, folder } of stages.slice(0, -1)) {
    const found = await eventsOf(folder);
    const options = { stages: [stage], first: steps, ...(exact ? {} : { same: sameStep }) };
    compared.push(named(stage, compareSteps(events, found, options)));
    if (exact) compared.push(named(stage, compareSaved(events, found)));
    if (exact && await isThere(join(folder, RUN_FILES.checkpoints, `${stage}.safetensors`))) {
      compared.push(named(stage, await compareWeights(recorded, folder, [stage])));
    }
  }
  if (!exact) {
    compared.push(compareResults(manifest.results, around.results, sameResult));
    return { finished, compared };
  }
  return { finished, compared: [...compared, ...await compareEvaluations(recorded, finished)] };
}

function verdict(
  found: Omit<Verification, "verdict" | "differences">,
): Verification {
  const differences = found.compared.flatMap(({ difference }) => difference ?? [])
    .sort((one, other) => COMPARED.indexOf(one.kind) - COMPARED.indexOf(other.kind));
  return { verdict: differences.length === 0 ? "same" : "different", ...found, differences };
}

function promisedOf(one: RunManifest, other: RunManifest): Pick<Verification, "by" | "because"> {
  const { by, why } = promised(one.runtime, other.runtime);
  return { by, because: why };
}

function interrupted(folder: string): BladeError {
  return new BladeError({
    place: `verify ${folder}`,
    rule: "interrupted before the repetition had ended",
    mend: "start it again; --steps N takes less",
    exitCode: EXIT.interrupted,
  });
}

function otherDevice({ runtime }: RunManifest, { device }: VerifyOptions): boolean {
  return device !== undefined && device !== runtime.backend;
}

function named(stage: string, comparison: Comparison): Comparison {
  return { ...comparison, what: `${comparison.what} of ${stage}` };
}

async function repetitionFolder(folder: string, out: string | undefined): Promise<string> {
  if (out === undefined) return await nextRunFolder("runs", `${basename(resolve(folder))}-verify`);
  await createRunFolder(out);
  return out;
}
