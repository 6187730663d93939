import { join } from "@std/path";
import { checkConfig } from "../config/parse.ts";
import { trainInFolder } from "../config/run_in_folder.ts";
import type { RunApi } from "../config/run_api.ts";
import type { BladeConfig } from "../config/schema.ts";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import { isThere } from "../report/is_there.ts";
import type { RunManifest } from "../report/manifest.ts";
import { RUN_FILES, writeAtomically } from "../report/run_folder.ts";
import { STAGES } from "./compare_weights.ts";

/** Under whose eyes a run is repeated, and by what. */
export interface Repeating {
  /** What is repeated: its manifest tells how, its folder has what each stage left. */
  readonly manifest: RunManifest;
  readonly recorded: string;
  /** An empty folder. */
  readonly folder: string;
  /** Instead of the device that the run was made on. */
  readonly device: BladeConfig["device"] | undefined;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  readonly trainRun: RunApi["trainRun"];
}

/** A stage's first steps, repeated in a folder of their own. */
export interface RepeatedStage {
  readonly stage: string;
  readonly folder: string;
}

/** Repeats a run from its first step to its last, into `folder`. */
export async function repeatWhole(repeating: Repeating): Promise<void> {
  await repeatIn(repeating, repeating.folder, [], repeating.signal, repeating.observer);
}

/**
 * Repeats the first steps of each stage, and the evaluation in full, each from what the run itself left of the stages
 * before: a difference in one stage does not hide the next. Each goes into a folder of its own below `folder`.
 *
 * @param steps of each stage
 * @returns the stages in their order; `evaluate`, the last, is a finished run
 */
export async function repeatFirst(repeating: Repeating, steps: number): Promise<RepeatedStage[]> {
  const { recorded, folder, signal, observer } = repeating;
  const there: string[] = [];
  for (const stage of STAGES) if (await isThere(finished(recorded, stage))) there.push(stage);
  const repeated: RepeatedStage[] = [];
  for (const stage of there) {
    const own = join(folder, stage);
    const enough = new AbortController();
    const stopping: Observer = {
      ...observer,
      step(event) {
        if (event.stage === stage) observer.step(event);
        // One step more: what is measured at the end of an epoch comes after its last step.
        if (event.stage === stage ? event.step > steps : event.stage === "evaluate") enough.abort();
      },
      stage(name, of) {
        if (name === stage) observer.stage(name, Math.min(of, steps + 1));
      },
      // The device is the same each time.
      note(level, message) {
        if (level === "warning" || stage === there[0]) observer.note(level, message);
      },
    };
    const given = there.filter((other) => other !== stage);
    await repeatIn(repeating, own, given, AbortSignal.any([signal, enough.signal]), stopping).catch(
      (error) => {
        if (signal.aborted || !isInterruption(error)) throw error;
      },
    );
    repeated.push({ stage, folder: own });
  }
  const own = join(folder, "evaluate");
  await repeatIn(repeating, own, there, signal, observer);
  return [...repeated, { stage: "evaluate", folder: own }];
}

/** Runs in a new folder that has the given stages already. */
async function repeatIn(
  { manifest, recorded, device, trainRun }: Repeating,
  folder: string,
  given: readonly string[],
  signal: AbortSignal,
  observer: Observer,
): Promise<void> {
  const backend = manifest.runtime.backend as BladeConfig["device"];
  const config = checkConfig({ ...manifest.config, device: device ?? backend });
  await Deno.mkdir(join(folder, RUN_FILES.checkpoints), { recursive: true });
  await writeAtomically(join(folder, RUN_FILES.config), JSON.stringify(config, null, 2) + "\n");
  for (const stage of given) await Deno.copyFile(finished(recorded, stage), finished(folder, stage));
  await trainInFolder(config, { runFolder: folder, signal, observer, resume: true }, trainRun);
}

function finished(folder: string, stage: string): string {
  return join(folder, RUN_FILES.checkpoints, `${stage}.safetensors`);
}

/** Whether a run was stopped by its signal, its state saved. */
export function isInterruption(error: unknown): boolean {
  return error instanceof BladeError && error.exitCode === EXIT.interrupted;
}
