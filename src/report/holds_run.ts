import { join } from "@std/path";
import { RUN_FILES } from "./run_folder.ts";

/** Files that many programs have under these names; those of a run or of an experiment say which version they are of. */
const VERSIONED: readonly string[] = [RUN_FILES.manifest, "experiment.json"];

/**
 * Whether a folder is that of a run or of an experiment, finished or not. What may not be looked at is none.
 *
 * @example
 * ```ts
 * import { holdsRun } from "./holds_run.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/manifest.json`, '{"name":"a web application"}');
 * assertEquals(await holdsRun(folder), false);
 * await Deno.writeTextFile(`${folder}/manifest.json`, '{"schemaVersion":1}');
 * assertEquals(await holdsRun(folder), true);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function holdsRun(folder: string): Promise<boolean> {
  if (await isFile(join(folder, RUN_FILES.config))) return true;
  for (const name of VERSIONED) if (await isVersioned(join(folder, name))) return true;
  return false;
}

async function isVersioned(path: string): Promise<boolean> {
  if (!await isFile(path)) return false;
  try {
    return typeof Object(JSON.parse(await Deno.readTextFile(path))).schemaVersion === "number";
  } catch {
    return false;
  }
}

/** A link counts as one: who made the folder may have put it there. A pipe would never end. */
async function isFile(path: string): Promise<boolean> {
  const found = await Deno.stat(path).catch(() => undefined);
  return found?.isFile === true;
}
