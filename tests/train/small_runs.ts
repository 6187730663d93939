/** Whole runs of a few seconds, in this process. */
import { parseConfig } from "../../src/config/parse.ts";
import type { TrainOutcome } from "../../src/config/run_api.ts";
import type { BladeConfig } from "../../src/config/schema.ts";
import { trainInFolder } from "../../src/config/run_in_folder.ts";
import { trainRun } from "../../src/config/train_run.ts";
import type { StepEvent } from "../../src/core/observer.ts";
import { BladeError } from "../../src/core/errors.ts";
import { smallConfig, writeSmallData } from "../ci/small_run.ts";

/** A folder with the small data set, gone after the test. */
export async function dataFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await Deno.makeTempDir();
  await writeSmallData(path);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** The small configuration with changes, as `--set` writes them. */
export function configIn(folder: string, set: readonly string[] = []): BladeConfig {
  return parseConfig(JSON.stringify(smallConfig()), { path: `${folder}/small.jsonc`, set });
}

/** What a run that was let go, or stopped, left. */
export interface Run {
  readonly folder: string;
  /** Null where it was stopped. */
  readonly outcome: TrainOutcome | null;
  readonly steps: readonly StepEvent[];
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/**
 * Trains into a folder. With `stopAfter` the user asks to stop in that step of that stage, as Ctrl-C does. `onStep` is
 * done before the step after goes on: what it does to files must be synchronous.
 *
 * @throws what the run throws, other than having been stopped.
 */
export async function run(
  config: BladeConfig,
  folder: string,
  stopAfter?: { readonly stage: string; readonly step: number },
  onStep?: (event: StepEvent) => void,
): Promise<Run> {
  await Deno.mkdir(folder, { recursive: true });
  const stop = new AbortController();
  const steps: StepEvent[] = [];
  const warnings: string[] = [];
  const infos: string[] = [];
  const observer = {
    stage() {},
    step(event: StepEvent) {
      // Where the time went is never the same twice.
      const { times: _, ...told } = event;
      steps.push(told);
      if (event.stage === stopAfter?.stage && event.step === stopAfter.step) stop.abort();
      onStep?.(event);
    },
    note(level: "info" | "warning", message: string) {
      (level === "warning" ? warnings : infos).push(message);
    },
  };
  const options = { runFolder: folder, signal: stop.signal, observer, resume: true };
  try {
    return { folder, outcome: await trainInFolder(config, options, trainRun), steps, warnings, infos };
  } catch (error) {
    if (!(error instanceof BladeError && error.exitCode === 3)) throw error;
    return { folder, outcome: null, steps, warnings, infos };
  }
}

/** The files under `checkpoints`, by name. */
export async function checkpointsOf({ folder }: Pick<Run, "folder">): Promise<Map<string, Uint8Array>> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${folder}/checkpoints`)) names.push(name);
  return new Map(
    await Promise.all(
      names.sort().map(async (name) => [name, await Deno.readFile(`${folder}/checkpoints/${name}`)] as const),
    ),
  );
}

/** The checkpoints of a finished run, its lists and its values per user, by name. */
export async function filesOf({ folder }: Pick<Run, "folder">): Promise<Map<string, Uint8Array>> {
  const files = await checkpointsOf({ folder });
  for (const name of ["lists.csv", "per-user.csv"]) files.set(name, await Deno.readFile(`${folder}/${name}`));
  return files;
}
