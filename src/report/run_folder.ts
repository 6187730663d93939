import { basename, dirname, join } from "@std/path";
import { BladeError } from "../core/errors.ts";

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
 * await Deno.writeTextFile(`${folder}/first/config.resolved.json`, "{}");
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
  await refuseFull(path);
}

/**
 * Refuses a folder that holds something. What a program left that died before its first file was whole is nothing.
 *
 * @throws {BladeError} with what was found
 */
export async function refuseFull(path: string): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(path), ({ name }) => name))
    .filter((name) => name !== RUN_FILES.lock && !PART.test(name));
  if (names.length === 0) return;
  throw new BladeError({
    place: path,
    rule: "must be a new or an empty folder",
    value: names.sort()[0],
    mend: names.includes(RUN_FILES.config)
      ? `choose another folder with --out, or go on with this run: train --resume ${path}`
      : "choose another folder with --out; --resume goes on in the folder of a run alone",
  });
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

/** What `writeAtomically` calls the file beside the one that it writes. */
const PART = /^\..+\.[0-9a-f]{8}\.part$/;

/**
 * Removes what writers that died left half written in a folder, those below it left out. For the folder's only writer.
 *
 * @example
 * ```ts
 * import { removeParts } from "./run_folder.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * for (const name of [".lists.csv.0a1b2c3d.part", "lists.csv"]) await Deno.writeTextFile(`${folder}/${name}`, "");
 * await removeParts(folder);
 * assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["lists.csv"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function removeParts(folder: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (PART.test(name)) await Deno.remove(join(folder, name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Brings the names in a folder to the disk, where the system has a way to: a new file's, or a renamed one's. */
export async function syncFolder(path: string): Promise<void> {
  let folder: Deno.FsFile;
  try {
    folder = await Deno.open(path === "" ? "." : path);
  } catch {
    // Windows opens no folders, and writes their names itself.
    return;
  }
  using open = folder;
  try {
    await open.sync();
  } catch (error) {
    // Some network and FUSE file systems do not know it.
    if (!["EINVAL", "ENOTSUP", "EBADF"].includes(String((error as { code?: unknown }).code))) throw error;
  }
}

/**
 * Writes a file so that a reader sees all of it or what was there before: beside it, to the disk, then renamed, and its
 * name to the disk. When the disk is full, the program dies or the power goes, the old file stands.
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

/** Errors of opening name the path, errors of writing do not. */
function nameFile(error: Error, path: string, beside: string): void {
  error.message = error.message.replaceAll(beside, basename(path));
  if (!error.message.includes(basename(path))) error.message += `: write '${path}'`;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}
