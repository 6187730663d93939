import { dirname, join } from "@std/path";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";
import { dropDamagedLines, openEventLog, readEvents, recordEvents } from "../report/event_log.ts";
import { isThere } from "../report/is_there.ts";
import { readManifest } from "../report/manifest.ts";
import { refuseLinks } from "../report/refuse_links.ts";
import {
  createRunFolder,
  nextRunFolder,
  refuseFull,
  removeParts,
  RUN_FILES,
  syncFolder,
  writeAtomically,
} from "../report/run_folder.ts";
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

/**
 * The configuration that the run of a folder was started with; undefined where there is no run.
 *
 * @throws {BladeError} when the folder holds links or pipes
 */
export async function keptConfig(folder: string): Promise<BladeConfig | undefined> {
  const path = join(folder, RUN_FILES.config);
  await refuseLinks(folder, RUN_FILES.config);
  return await isThere(path) ? await loadConfig(path) : undefined;
}

/**
 * Trains into a folder that is ready, as its only writer: every event goes into its log before the observer hears of
 * it, and a new run that is refused before its first step leaves no folder behind that a later one would stumble
 * over. However the process before this one ended, every step stands in the log once. A run that is resumed after its
 * end is not repeated: its results are read back.
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
  if (resume && await isThere(join(runFolder, RUN_FILES.manifest))) {
    // Of a process that died between the manifest and its end.
    if (await isThere(join(runFolder, RUN_FILES.lock))) lockRunFolder(runFolder)[Symbol.dispose]();
    return await finishedBefore(runFolder);
  }
  using lock = lockRunFolder(runFolder);
  const events = join(runFolder, RUN_FILES.events);
  const lost = await dropDamagedLines(events);
  using log = openEventLog(events);
  const observer = both(recordEvents(log), options.observer);
  try {
    if (lock.takenFrom !== null) {
      observer.note(
        "info",
        `taking over from ${lock.takenFrom}, which ended before it closed the run folder`,
      );
    }
    if (lost > 0) {
      observer.note(
        "warning",
        `${lost} ${lost === 1 ? "line" : "lines"} of ${events} held no event and went.`,
      );
    }
    return await trainRun(config, { ...options, observer });
  } catch (error) {
    const isGone = !await isThere(runFolder);
    if (isGone && error instanceof Deno.errors.NotFound) throw folderGone(runFolder);
    const interrupted = error instanceof BladeError && error.exitCode === EXIT.interrupted;
    if (!resume && !isGone && !interrupted) await removeIfNothingHappened(runFolder);
    throw error;
  }
}

async function finishedBefore(runFolder: string): Promise<TrainOutcome> {
  const { results, warnings, startedAt, durationMs } = await readManifest(runFolder);
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
    saved(state) {
      first.saved?.(state);
      second.saved?.(state);
    },
    resumed(from) {
      first.resumed?.(from);
      second.resumed?.(from);
    },
  };
}

function folderGone(folder: string): BladeError {
  return new BladeError({
    place: folder,
    rule: "must stay where it is while the run goes on, and is gone",
    mend: "train anew, into a folder that nothing moves or removes",
  });
}

async function removeIfNothingHappened(folder: string): Promise<void> {
  const own: string[] = [RUN_FILES.config, RUN_FILES.events, RUN_FILES.data, RUN_FILES.lock];
  const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
  const events = await readEvents(join(folder, RUN_FILES.events));
  if (names.every((name) => own.includes(name)) && !events.some((event) => event.kind === "step")) {
    await Deno.remove(folder, { recursive: true });
  }
}
