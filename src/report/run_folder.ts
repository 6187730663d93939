import { basename, dirname, join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { isThere } from "./is_there.ts";

/** Names of the files of a run folder. */
export const RUN_FILES = {
  manifest: "manifest.json",
  config: "config.resolved.json",
  /** The data files that the run was started with. */
  data: "data.json",
  /** There while a process writes into the folder. */
  lock: "run.lock",
  events: "events.jsonl",
  checkpoints: "checkpoints",
  lists: "lists.csv",
  perUser: "per-user.csv",
  modelCard: "model-card.md",
  report: "report.html",
} as const;

/** What `writeAtomically` calls a file that is not written to its end. */
const HALF_WRITTEN = /^\..+\.[0-9a-f]{8}\.part$/;

/**
 * Makes the folder of a new run. An existing folder is taken only when it is empty: nothing is ever overwritten.
 *
 * @throws {BladeError} when something is there already
 * @example
 * ```ts
 * import { createRunFolder } from "./run_folder.ts";
 * import { assertRejects } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await createRunFolder(`${folder}/first`);
 * await Deno.writeTextFile(`${folder}/first/manifest.json`, "{}");
 * await assertRejects(() => createRunFolder(`${folder}/first`), Error, "--resume");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function createRunFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
      const mend = "choose another folder with --out";
      throw new BladeError({ place: path, rule: "must be a folder, not a file", mend });
    }
    throw error;
  }
  await removeHalfWritten(path);
  for await (const entry of Deno.readDir(path)) {
    throw new BladeError({
      place: path,
      rule: "must be a new or an empty folder",
      value: entry.name,
      mend: `choose another folder with --out, or go on with this run: train --resume ${path}`,
    });
  }
}

/**
 * Makes and names the first free folder `parent/name-1`, `parent/name-2` … Two runs started at once get two.
 *
 * @example
 * ```ts
 * import { nextRunFolder } from "./run_folder.ts";
 * import { assertEquals } from "@std/assert";
 * const parent = await Deno.makeTempDir();
 * assertEquals(await nextRunFolder(parent, "demo"), `${parent}/demo-1`);
 * assertEquals(await nextRunFolder(parent, "demo"), `${parent}/demo-2`);
 * await Deno.remove(parent, { recursive: true });
 * ```
 */
export async function nextRunFolder(parent: string, name: string): Promise<string> {
  await Deno.mkdir(parent, { recursive: true });
  for (let number = 1;; number++) {
    const path = join(parent, `${name}-${number}`);
    try {
      await Deno.mkdir(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/**
 * Writes a file so that a reader sees all of it or what was there before: beside it, to the disk, then renamed.
 * When the disk is full or the program dies, the old file stands.
 *
 * @param path the file
 * @param content text, bytes, or pieces of them in order
 * @example
 * ```ts
 * import { writeAtomically } from "./run_folder.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await writeAtomically(`${folder}/a.txt`, "one");
 * await writeAtomically(`${folder}/a.txt`, ["tw", "o"]);
 * assertEquals(await Deno.readTextFile(`${folder}/a.txt`), "two");
 * assertEquals([...Deno.readDirSync(folder)].length, 1);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array | Iterable<string | Uint8Array>,
): Promise<void> {
  const beside = besideOf(path);
  const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  const encoder = new TextEncoder();
  try {
    using file = await Deno.open(beside, { write: true, createNew: true });
    for (const piece of pieces) {
      await writeAll(file, typeof piece === "string" ? encoder.encode(piece) : piece);
    }
    await file.sync();
    await Deno.rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(beside).catch(() => {});
    // The reader knows the file that was asked for, not the one beside it.
    if (error instanceof Error) nameFile(error, path, basename(beside));
    throw error;
  }
}

/** The same for a text that a synchronous caller writes; see `writeAtomically`. */
export function writeAtomicallySync(path: string, text: string): void {
  const beside = besideOf(path);
  try {
    Deno.writeTextFileSync(beside, text, { createNew: true });
    Deno.renameSync(beside, path);
  } catch (error) {
    try {
      Deno.removeSync(beside);
    } catch (gone) {
      if (!(gone instanceof Deno.errors.NotFound)) throw gone;
    }
    if (error instanceof Error) nameFile(error, path, basename(beside));
    throw error;
  }
}

/** A name that no other writer has. */
function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${crypto.randomUUID().slice(0, 8)}.part`);
}

/** The name that a file got is to be on the disk too; systems that cannot do that for a folder do it by themselves. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}

/** Errors of opening name the path, errors of writing do not. */
function nameFile(error: Error, path: string, beside: string): void {
  error.message = error.message.replaceAll(beside, basename(path));
  if (!error.message.includes(basename(path))) error.message += `: write '${path}'`;
}

/**
 * Removes the files that `writeAtomically` had begun beside others when its process died.
 *
 * @example
 * ```ts
 * import { removeHalfWritten } from "./run_folder.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/.manifest.json.0a1b2c3d.part`, '{"sche');
 * await Deno.writeTextFile(`${folder}/manifest.json`, "{}");
 * await removeHalfWritten(folder);
 * assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["manifest.json"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function removeHalfWritten(folder: string): Promise<void> {
  if (!await isThere(folder)) return;
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && HALF_WRITTEN.test(name)) await Deno.remove(join(folder, name));
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}
