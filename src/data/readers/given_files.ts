import { join } from "@std/path";
import { BladeError } from "../../core/errors.ts";
import { unreadable } from "../text_file.ts";

/**
 * The one file of a folder whose name fits, as a path.
 *
 * @param look what is looked for: `names` for the message, `key` of the configuration that names the file instead
 * @throws {BladeError} When none fits or several do, or the folder cannot be read.
 *
 * @example
 * ```ts
 * import { onlyFile } from "./given_files.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/test_5000.json`, "[]");
 * const fits = (name: string) => name.startsWith("test");
 * const look = { fits, names: "test.json or test_*.json", key: "data.files.test" };
 * assertEquals(await onlyFile(folder, look), `${folder}/test_5000.json`);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function onlyFile(
  folder: string,
  look: { readonly fits: (name: string) => boolean; readonly names: string; readonly key: string },
): Promise<string> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) if (look.fits(name)) found.push(name);
  } catch (cause) {
    throw unreadable(join(folder, look.names), cause);
  }
  if (found.length === 1) return join(folder, found[0]!);
  throw new BladeError({
    place: folder,
    rule: `must hold one file ${look.names} when ${look.key} is not given`,
    value: found.length === 0 ? "none" : found.sort().join(", "),
    mend: `set ${look.key} to the name of the file, relative to the folder`,
  });
}
