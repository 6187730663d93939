/** A finished run beside its data, and ways to tamper with it. */
import { trainInFolder } from "../../src/config/run_in_folder.ts";
import { trainRun } from "../../src/config/train_run.ts";
import { copyFolder } from "../copy_folder.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/model/safetensors.ts";
import { type Verification, verifyRun } from "../../src/verify/verify_run.ts";
import { pluginText, writeSmallData } from "../ci/small_run.ts";
import { configIn } from "../train/small_runs.ts";

export const SILENT = { stage() {}, step() {}, note() {} };

/** Folder with data, a plugin and a finished run of them in `run`. */
export async function finishedWorld(set: readonly string[] = []): Promise<World> {
  const path = await Deno.makeTempDir();
  await writeSmallData(path);
  await Deno.writeTextFile(`${path}/mine.ts`, pluginText("return slate.includes(3) ? 1 : 0;"));
  const config = configIn(path, [
    'plugins=["./mine.ts"]',
    'reward.terms=[{"metric":"ndcg@3"},{"metric":"mine@3"}]',
    "reward.isolate=never",
    "checkpoint.everySteps=2",
    ...set,
  ]);
  const placed = { ...config, plugins: [`${path}/mine.ts`] };
  const run = `${path}/run`;
  await Deno.mkdir(run);
  await Deno.writeTextFile(`${run}/config.resolved.json`, JSON.stringify(placed, null, 2) + "\n");
  const signal = new AbortController().signal;
  await trainInFolder(placed, { runFolder: run, signal, observer: SILENT, resume: false }, trainRun);
  return worldAt(path);
}

export interface World extends AsyncDisposable {
  readonly path: string;
  readonly run: string;
  /** Verifies the run into a folder of its own. */
  verify(options?: { readonly steps?: number; readonly device?: "cpu" | "wasm" }): Promise<Verification>;
  /** The world once more, in another place. */
  copy(): Promise<World>;
  /** Changes a text file of the world. */
  edit(name: string, change: (text: string) => string): Promise<void>;
}

function worldAt(path: string): World {
  const run = `${path}/run`;
  return {
    path,
    run,
    verify: (options = {}) =>
      verifyRun(run, {
        ...options,
        out: `${path}/again-${crypto.randomUUID()}`,
        observer: SILENT,
        signal: new AbortController().signal,
        trainRun,
      }),
    async copy() {
      const other = await Deno.makeTempDir();
      await copyFolder(path, other);
      return worldAt(other);
    },
    async edit(name, change) {
      const text = await Deno.readTextFile(`${path}/${name}`);
      const changed = change(text);
      if (changed === text) throw new Error(`the edit of ${name} changes nothing`);
      await Deno.writeTextFile(`${path}/${name}`, changed);
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Adds `by` to one number of a weight file, which stays a sound file. */
export async function nudge(path: string, tensor: string, at: number, by: number): Promise<void> {
  const { tensors, metadata } = decodeSafetensors(await Deno.readFile(path), path);
  const data = tensors.get(tensor)!.data as Float32Array;
  data[at] = data[at]! + by;
  await Deno.writeFile(path, encodeSafetensors(tensors, metadata));
}
