import { join } from "@std/path";
import type { DataFile } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import { RUN_FILES, writeAtomically } from "../report/run_folder.ts";

/**
 * Notes in the run folder which data files the run was started with, by SHA-256; a run that goes on is held to them.
 * A resumed run on other data would give weights that belong to no data set.
 *
 * @throws {BladeError} when the run was started with other files
 * @example
 * ```ts
 * import { keepData } from "./kept_data.ts";
 * import { assertRejects } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await keepData(folder, [{ path: "ratings.csv", bytes: 3, sha256: "aa" }]);
 * await keepData(folder, [{ path: "ratings.csv", bytes: 3, sha256: "aa" }]);
 * const changed = () => keepData(folder, [{ path: "ratings.csv", bytes: 4, sha256: "bb" }]);
 * await assertRejects(changed, Error, "ratings.csv: must be the file that the run was started with");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function keepData(runFolder: string, files: readonly DataFile[]): Promise<void> {
  const path = join(runFolder, RUN_FILES.data);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await writeAtomically(path, JSON.stringify(files, null, 2) + "\n");
    return;
  }
  checkSameData(parseFiles(text, path), files);
}

function parseFiles(text: string, path: string): DataFile[] {
  try {
    const files: unknown = JSON.parse(text);
    if (Array.isArray(files) && files.every(isFile)) return files;
  } catch {
    // Refused below.
  }
  throw new BladeError({
    place: path,
    rule: "must be the list of data files that the run was started with, as JSON",
    value: text,
    mend:
      "the file is damaged: take it from a copy, or, if you are sure that the data are those of the start, delete it",
  });
}

function isFile(file: unknown): file is DataFile {
  const { path, bytes, sha256 } = (file ?? {}) as Partial<DataFile>;
  return typeof path === "string" && typeof bytes === "number" && typeof sha256 === "string";
}

/**
 * Compares the data files that a run was started with to those that were read now.
 *
 * @throws {BladeError} with the first file that changed, is gone or is new
 */
export function checkSameData(started: readonly DataFile[], now: readonly DataFile[]): void {
  const byPath = new Map(now.map((file) => [file.path, file]));
  for (const { path, bytes, sha256 } of started) {
    const found = byPath.get(path);
    byPath.delete(path);
    if (found?.sha256 === sha256) continue;
    throw new BladeError({
      place: path,
      rule: `must be the file that the run was started with (${bytes} bytes, SHA-256 ${
        sha256.slice(0, 12)
      }…)`,
      value: found === undefined ? "none" : `${found.bytes} bytes, SHA-256 ${found.sha256.slice(0, 12)}…`,
      mend: "bring that file back, or train a new run on the data of today",
    });
  }
  for (const path of byPath.keys()) {
    throw new BladeError({
      place: path,
      rule: "must not be there: the run was started without it",
      mend: "move the file away, or train a new run on the data of today",
    });
  }
}
