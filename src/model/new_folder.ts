import { resolve } from "@std/path";
import { BladeError } from "../core/errors.ts";

/**
 * Makes a folder whose files are all there once it has its name: they are written beside it, and the folder is renamed.
 * What a run that was cut off left beside it goes.
 *
 * @param fill writes the files into the folder that it is given
 * @throws {BladeError} when the folder exists.
 *
 * @example
 * ```ts
 * import { makeNewFolder } from "./new_folder.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 * const folder = `${await Deno.makeTempDir()}/own`;
 * await makeNewFolder(folder, (beside) => Deno.writeTextFile(`${beside}/a.txt`, "a"));
 * assertEquals(await Deno.readTextFile(`${folder}/a.txt`), "a");
 * await assertRejects(() => makeNewFolder(folder, () => Promise.resolve()), Error, "must not exist yet");
 * ```
 */
export async function makeNewFolder(folder: string, fill: (beside: string) => Promise<void>): Promise<void> {
  await refuseExisting(folder);
  // Without the slash that a name may end with.
  const whole = resolve(folder), beside = `${whole}.partial`;
  await removeIfThere(beside);
  await Deno.mkdir(beside, { recursive: true });
  try {
    await fill(beside);
    await Deno.rename(beside, whole);
  } catch (error) {
    await removeIfThere(beside);
    throw error;
  }
}

/**
 * Refuses a name that is taken.
 *
 * @throws {BladeError} when there is a folder, a file or a link of that name.
 */
export async function refuseExisting(folder: string): Promise<void> {
  const there = await Deno.lstat(resolve(folder)).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
  if (!there) return;
  throw new BladeError({
    place: folder,
    rule: "must not exist yet",
    mend: "name another folder, or remove this one",
  });
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
