import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { RUN_FILES } from "./run_folder.ts";

/** A run or an experiment of a thousand runs has fewer entries. */
const MOST_ENTRIES = 100_000;

/** An experiment, its cells, a cell, its checkpoints. */
const DEEPEST = 8;

/** Written in place, so that what else bears the same name would be written too. */
const IN_PLACE: readonly string[] = [RUN_FILES.lock, RUN_FILES.events];

/**
 * Holds a run folder, or an experiment's, to plain files and folders before anything in it is opened: a link leads out of
 * it, a pipe never ends, and whoever made the folder may be a stranger. What the folder itself is called is the user's
 * own choice, and may be a link.
 *
 * @param folder that of a run or an experiment
 * @param sign the file that makes it one; without it nothing is looked at, as the folder is refused for that
 * @throws {BladeError} for a link, a pipe, a socket, a device, a second name of a file that is written in place, or a
 * folder that has no end
 * @example
 * ```ts
 * import { refuseLinks } from "./refuse_links.ts";
 * import { assertRejects } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/manifest.json`, "{}");
 * await refuseLinks(folder, "manifest.json");
 * await Deno.symlink("/etc/passwd", `${folder}/lists.csv`);
 * await assertRejects(() => refuseLinks(folder, "manifest.json"), Error, 'got "a link to /etc/passwd"');
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function refuseLinks(folder: string, sign: string): Promise<void> {
  if (await kindOf(join(folder, sign)) === undefined) return;
  let entries = 0;
  const visit = async (inner: string, depth: number): Promise<void> => {
    for await (const { name, isDirectory, isFile, isSymlink } of Deno.readDir(inner)) {
      const path = join(inner, name);
      if (++entries > MOST_ENTRIES || depth > DEEPEST) {
        throw refusal(
          folder,
          "must be as small as a run makes it",
          `${entries} files, ${depth} folders deep`,
        );
      }
      if (isSymlink) throw foreign(path, `a link to ${await Deno.readLink(path)}`);
      if (isDirectory) await visit(path, depth + 1);
      else if (!isFile) throw foreign(path, await kindOf(path));
      else if (IN_PLACE.includes(name) && ((await Deno.lstat(path)).nlink ?? 1) > 1) {
        throw foreign(path, "a file of several names (a hard link)");
      }
    }
  };
  await visit(folder, 1);
}

function foreign(path: string, kind: string | undefined): BladeError {
  return refusal(path, "must be a plain file or folder of its own, as a run leaves it", kind ?? "none");
}

function refusal(place: string, rule: string, value: string): BladeError {
  const mend =
    "put a copy of the file there; or take the run from whom you trust, packed again without links";
  return new BladeError({ place, rule, value, mend });
}

/** What an entry is, without following it or opening it; undefined where there is none. */
async function kindOf(path: string): Promise<string | undefined> {
  try {
    const found = await Deno.lstat(path);
    if (found.isFifo) return "a named pipe";
    if (found.isSocket) return "a socket";
    return found.isBlockDevice || found.isCharDevice ? "a device" : "a file or folder";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    return undefined;
  }
}
