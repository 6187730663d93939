import { dirname, join } from "@std/path";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import { cutEvents, openEventLog, readEvents, recordEvents, type RunEvent } from "../report/event_log.ts";
import { isThere } from "../report/is_there.ts";
import { readManifest } from "../report/manifest.ts";
import {
  createRunFolder,
  nextRunFolder,
  refuseFull,
  removeParts,
  RUN_FILES,
  syncFolder,
  writeAtomically,
} from "../report/run_folder.ts";
import { settleCheckpoints, type Standing } from "../train/settle_checkpoints.ts";
import { loadConfig } from "./parse.ts";
import { lockRunFolder } from "./run_lock.ts";
import type { RunApi, RunOptions, TrainOutcome } from "./run_api.ts";
import type { BladeConfig } from "./schema.ts";

/**
 * Makes the folder of a new run and writes the resolved configuration into it, from which the run can be resumed.
 *
 * @param o.out the folder; left out, the first free `runs/<name>-<n>`.
 * @param o.name used where the configuration has no name of its own.
 * @throws {BladeError} when `out` holds something.
 */
export async function newRunFolder(
  config: BladeConfig,
  o: { readonly out: string | undefined; readonly name: string },
): Promise<string> {
  if (o.out !== undefined) await createRunFolder(o.out);
  const folder = o.out ?? await nextRunFolder("runs", config.name ?? o.name);
  using _lock = lockRunFolder(folder);
  // Of two programs that found it empty at once, the second one finds the first one's run.
  await refuseFull(folder);
  await removeParts(folder);
  await syncFolder(dirname(folder));
  await writeAtomically(join(folder, RUN_FILES.config), JSON.stringify(config, null, 2) + "\n");
  return folder;
}

/** The configuration that the run of a folder was started with; undefined where there is no run. */
export async function keptConfig(folder: string): Promise<BladeConfig | undefined> {
  const path = join(folder, RUN_FILES.config);
  return await isThere(path) ? await loadConfig(path) : undefined;
}

/**
 * Trains into a folder that is ready, as its only writer: every event goes into its log before the observer hears of
 * it, and a new run that is refused before its first step leaves no folder behind that a later one would stumble
 * over. However the process before this one ended, every step stands in the log once: those after the last checkpoint
 * that is whole are taken out, for they are made again. A run that is resumed after its end is not repeated: its
 * results are read back.
 *
 * @param trainRun what computes, which the caller loads
 * @throws {BladeError} when another process writes into the folder, and whatever `trainRun` throws
 */
export async function trainInFolder(
  config: BladeConfig,
  options: RunOptions,
  trainRun: RunApi["trainRun"],
): Promise<TrainOutcome> {
  const { runFolder, resume } = options;
  if (resume && await isThere(join(runFolder, RUN_FILES.manifest))) return await finishedBefore(runFolder);
  using lock = lockRunFolder(runFolder);
  await removeParts(runFolder);
  const events = join(runFolder, RUN_FILES.events);
  const { steps, warnings } = await settleCheckpoints(runFolder);
  const damaged = await cutEvents(events, (event) => stands(event, steps));
  using log = openEventLog(events);
  const observer = both(recordEvents(log), options.observer);
  try {
    if (lock.takenFrom !== null) {
      observer.note(
        "info",
        `taking over from ${lock.takenFrom}, which ended before it closed the run folder`,
      );
    }
    for (const warning of warnings) observer.note("warning", warning);
    if (damaged > 0) {
      observer.note(
        "warning",
        `${damaged} ${damaged === 1 ? "line" : "lines"} of ${events} held no event and went.`,
      );
    }
    return await trainRun(config, { ...options, observer });
  } catch (error) {
    const interrupted = error instanceof BladeError && error.exitCode === EXIT.interrupted;
    if (!resume && !interrupted) await removeIfNothingHappened(runFolder);
    throw error;
  }
}

/**
 * Whether a run that goes on does not make an event again: of each stage the steps up to its last checkpoint. What was
 * measured at the end of an epoch comes after the checkpoint of its last step.
 */
function stands(event: RunEvent, steps: Standing["steps"]): boolean {
  if (event.kind !== "step") return true;
  const done = steps.get(event.stage) ?? 0;
  return event.step < done || event.step === done && done > 0 && event.values["epoch"] === undefined;
}

async function finishedBefore(runFolder: string): Promise<TrainOutcome> {
  const { results, warnings, startedAt, durationMs } = await readManifest(runFolder);
  // Left by a process that died between the manifest and its end.
  if (await isThere(join(runFolder, RUN_FILES.lock))) lockRunFolder(runFolder)[Symbol.dispose]();
  const end = new Date(Date.parse(startedAt) + durationMs).toISOString().slice(0, 16).replace("T", " ");
  const summary = [`The run had finished already, on ${end} UTC: nothing was trained.`];
  return { runFolder, results, warnings, summary };
}

function both(first: Observer, second: Observer): Observer {
  return {
    stage(name, steps) {
      first.stage(name, steps);
      second.stage(name, steps);
    },
    step(event) {
      first.step(event);
      second.step(event);
    },
    note(level, message) {
      first.note(level, message);
      second.note(level, message);
    },
  };
}

async function removeIfNothingHappened(folder: string): Promise<void> {
  const own: string[] = [RUN_FILES.config, RUN_FILES.events, RUN_FILES.data, RUN_FILES.lock];
  const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
  const events = await readEvents(join(folder, RUN_FILES.events));
  if (names.every((name) => own.includes(name)) && !events.some((event) => event.kind === "step")) {
    await Deno.remove(folder, { recursive: true });
  }
}
