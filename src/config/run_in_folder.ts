import { join } from "@std/path";
import type { Observer } from "../core/observer.ts";
import { openEventLog, readEvents, recordEvents } from "../report/event_log.ts";
import { createRunFolder, nextRunFolder, RUN_FILES, writeAtomically } from "../report/run_folder.ts";
import { loadConfig } from "./parse.ts";
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
  await writeAtomically(join(folder, RUN_FILES.config), JSON.stringify(config, null, 2) + "\n");
  return folder;
}

/** The configuration that the run of a folder was started with; undefined where there is no run. */
export async function keptConfig(folder: string): Promise<BladeConfig | undefined> {
  const path = join(folder, RUN_FILES.config);
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    return undefined;
  }
  return await loadConfig(path);
}

/**
 * Trains into a folder that is ready: every event goes into its log before the observer hears of it, and a new run
 * that is refused before its first step leaves no folder behind that a later one would stumble over.
 *
 * @param trainRun what computes, which the caller loads
 */
export async function trainInFolder(
  config: BladeConfig,
  options: RunOptions,
  trainRun: RunApi["trainRun"],
): Promise<TrainOutcome> {
  const { runFolder, resume } = options;
  using log = openEventLog(join(runFolder, RUN_FILES.events));
  try {
    return await trainRun(config, { ...options, observer: both(recordEvents(log), options.observer) });
  } catch (error) {
    if (!resume) await removeIfNothingHappened(runFolder);
    throw error;
  }
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
  const own: string[] = [RUN_FILES.config, RUN_FILES.events];
  const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
  const events = await readEvents(join(folder, RUN_FILES.events));
  if (names.every((name) => own.includes(name)) && !events.some((event) => event.kind === "step")) {
    await Deno.remove(folder, { recursive: true });
  }
}
