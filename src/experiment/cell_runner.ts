import { fromFileUrl, join, resolve } from "@std/path";
import { TextLineStream } from "@std/streams/text-line-stream";
import { trainInFolder } from "../config/run_in_folder.ts";
import type { RunApi } from "../config/run_api.ts";
import type { BladeConfig } from "../config/schema.ts";
import { blasPlaces } from "../device/native/blas_places.ts";
import { mayLoad } from "../device/native/find_blas.ts";
import { BladeError, EXIT } from "../core/errors.ts";
import type { Observer } from "../core/observer.ts";

/** How the run of a cell ended. */
export type CellEnd =
  | { readonly kind: "finished" }
  /** Its state is saved. */
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly message: string };

/** How a cell is run. */
export interface CellRun {
  /** A run folder with its configuration; what it holds is gone on with. */
  readonly folder: string;
  readonly config: BladeConfig;
  /** Aborted to save the state and stop. */
  readonly signal: AbortSignal;
  /** Takes text for stderr, whole lines. */
  readonly say: (line: string) => void;
}

/** Runs one cell, in this process or in one of its own. */
export type CellRunner = (run: CellRun) => Promise<CellEnd>;

/** Whether this process may start others of its own kind. */
export async function mayStartProcesses(): Promise<boolean> {
  if (!import.meta.url.startsWith("file:")) return false;
  return (await Deno.permissions.query({ name: "run", command: Deno.execPath() })).state === "granted";
}

/** A runner in this process: one cell at a time. */
export function runHere(
  trainRun: RunApi["trainRun"],
  observe: (say: (line: string) => void) => Observer & { close(): void },
): CellRunner {
  return async ({ folder, config, signal, say }) => {
    const observer = observe(say);
    try {
      await trainInFolder(config, { runFolder: folder, signal, observer, resume: true }, trainRun);
      return { kind: "finished" };
    } catch (error) {
      if (!(error instanceof BladeError)) throw error;
      return error.exitCode === EXIT.interrupted
        ? { kind: "stopped" }
        : { kind: "failed", message: error.message };
    } finally {
      observer.close();
    }
  };
}

/** Lines on stderr that say nothing of the run: Deno's own, and what this process says itself of a Ctrl-C. */
const IDLE = /^(?:Warning Permissions in the config|saving after this step)/;

/**
 * A runner that starts `train --resume FOLDER` in a process of its own, with the permissions of `-P` and no more than
 * this process has: it may write into the cell's folder alone. Where this process may load a BLAS library or, for
 * plugins, start processes, so may the other.
 */
export const runInProcess: CellRunner = async ({ folder, config, signal, say }) => {
  const root = fromFileUrl(new URL("../../", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `--config=${join(root, "deno.json")}`,
      ...await permissions(folder, config),
      join(root, "main.ts"),
      "train",
      "--resume",
      folder,
      "--json",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    // A Ctrl-C is for this process, which passes it on once.
    detached: true,
  }).spawn();
  const signalChild = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch {
      // It is gone already.
    }
  };
  const stop = () => signalChild("SIGINT");
  const kill = () => signalChild("SIGKILL");
  signal.addEventListener("abort", stop);
  globalThis.addEventListener("unload", kill);
  try {
    if (signal.aborted) stop();
    let failure = "";
    const lines = child.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      if (IDLE.test(line)) continue;
      if (line.startsWith("error: ")) failure = line.slice("error: ".length);
      else if (failure !== "") failure += `\n${line}`;
      else if (line !== "") say(line);
    }
    const { code, signal: killedBy } = await child.status;
    if (code === EXIT.ok) return { kind: "finished" };
    if (code === EXIT.interrupted || signal.aborted) return { kind: "stopped" };
    return { kind: "failed", message: failure || `its process ended with ${killedBy ?? `code ${code}`}` };
  } finally {
    signal.removeEventListener("abort", stop);
    globalThis.removeEventListener("unload", kill);
  }
};

async function permissions(folder: string, { blas, plugins }: BladeConfig): Promise<string[]> {
  const list = (path: string) => path.replaceAll(",", ",,");
  const libraries = await Promise.all(blasPlaces().map(({ path }) => mayLoad(path)));
  return [
    libraries.includes(true) ? "-P=native" : "-P",
    `--allow-write=${list(resolve(folder))}`,
    ...(blas !== null && await mayLoad(blas) ? [`--allow-ffi=${list(blas)}`] : []),
    ...(plugins.length > 0 ? [`--allow-run=${list(Deno.execPath())}`] : []),
  ];
}
