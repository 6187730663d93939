import { changedWhileRead, stampOfInfo } from "./changed_file.ts";
import { unreadable } from "./text_file.ts";

/** What tells, without reading it again, whether a file was written to: by path. */
export type FileStamps = ReadonlyMap<string, string>;

/**
 * Notes files that are about to be read more than once, as weights are: hashed, and later loaded.
 *
 * @throws {BladeError} when one is missing
 * @example
 * ```ts
 * import { checkStamps, stampFiles } from "./file_stamps.ts";
 * import { assertRejects } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * const stamps = await stampFiles([path]);
 * await checkStamps(stamps);
 * await Deno.writeTextFile(path, "more");
 * await assertRejects(() => checkStamps(stamps), Error, "must stay as it was");
 * await Deno.remove(path);
 * ```
 */
export async function stampFiles(paths: readonly string[]): Promise<FileStamps> {
  return new Map(await Promise.all(paths.map(async (path) => [path, await stampOf(path)] as const)));
}

/**
 * Holds the files to what they were when they were noted: else the hash of a run would be that of other bytes than those
 * that it computed with.
 *
 * @throws {BladeError} naming the first that was written to, replaced or removed
 */
export async function checkStamps(stamps: FileStamps): Promise<void> {
  for (const [path, stamp] of stamps) if (await stampOf(path) !== stamp) throw changedWhileRead(path);
}

async function stampOf(path: string): Promise<string> {
  const info = await Deno.stat(path).catch((cause) => {
    throw unreadable(path, cause);
  });
  return stampOfInfo(info);
}
