import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { RUN_FILES } from "../report/run_folder.ts";

/** The right to write into a run folder, held until disposed. */
export interface RunLock extends Disposable {
  /** What the last holder wrote of itself if it died holding the lock; null where the lock was free. */
  readonly takenFrom: string | null;
}

/**
 * Takes a run folder for this process. The lock is the operating system's, on a file in the folder: it ends with its
 * holder, however that ends, so a file that nobody holds is the trace of a process that died.
 *
 * @throws {BladeError} when another writer holds the folder
 * @example
 * ```ts
 * import { lockRunFolder } from "./run_lock.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * {
 *   using lock = lockRunFolder(folder);
 *   assertEquals(lock.takenFrom, null);
 *   assertThrows(() => lockRunFolder(folder), Error, "must have one writer at a time");
 * }
 * assertEquals([...Deno.readDirSync(folder)], []);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function lockRunFolder(folder: string): RunLock {
  const path = join(folder, RUN_FILES.lock);
  for (;;) {
    const file = Deno.openSync(path, { read: true, write: true, create: true });
    if (!file.tryLockSync(true)) {
      file.close();
      throw heldBy(folder, writtenIn(path));
    }
    // Its last holder may have removed the file after this process had opened it: then it locks nothing.
    if (file.statSync().ino !== inodeOf(path)) {
      file.close();
      continue;
    }
    const before = writtenIn(path).trim();
    try {
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(`process ${Deno.pid}, since ${new Date().toISOString()}\n`));
    } catch (error) {
      // A full disk, say: the system does not tell which file did not fit.
      if (error instanceof Error) error.message += `: write '${path}'`;
      Deno.removeSync(path);
      file.close();
      throw error;
    }
    return {
      takenFrom: before === "" ? null : before,
      [Symbol.dispose]() {
        // Gone already where a run that was refused left no folder.
        if (inodeOf(path) !== undefined) Deno.removeSync(path);
        file.close();
      },
    };
  }
}

/**
 * Who writes into a folder at this moment, as it wrote of itself; null where nobody does.
 *
 * @example
 * ```ts
 * import { lockRunFolder, writerOf } from "./run_lock.ts";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * {
 *   using _lock = lockRunFolder(folder);
 *   assertStringIncludes(writerOf(folder)!, `process ${Deno.pid}, since `);
 * }
 * await Deno.writeTextFile(`${folder}/run.lock`, "process 1, since yesterday");
 * assertEquals(writerOf(folder), null);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function writerOf(folder: string): string | null {
  const path = join(folder, RUN_FILES.lock);
  if (inodeOf(path) === undefined) return null;
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  try {
    if (!file.tryLockSync(true)) return writtenIn(path).trim() || "another process";
    file.unlockSync();
    return null;
  } finally {
    file.close();
  }
}

function inodeOf(path: string): number | null | undefined {
  try {
    return Deno.statSync(path).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function heldBy(folder: string, holder: string): BladeError {
  return new BladeError({
    place: folder,
    rule: "must have one writer at a time",
    value: holder.trim() || "another process",
    mend: "wait until that run has ended, or stop it with Ctrl-C; it saves its state",
  });
}

/** Empty where the file cannot be read, as on systems whose locks keep readers out. */
function writtenIn(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
