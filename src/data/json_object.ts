import type { DataFile } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import { openText } from "./text_file.ts";

/** Characters of a file that is read whole. */
const MOST_CHARACTERS = 1 << 28;

/**
 * Reads a file that is one JSON object, as its keys and values in the order of the file (keys that are whole numbers
 * come first, rising).
 *
 * @throws {BladeError} When it is missing, unreadable, not UTF-8, larger than 2^28 characters or no JSON object.
 *
 * @example
 * ```ts
 * import { readJsonObject } from "./json_object.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, '{"b": "tea", "7": ["cake"]}');
 * assertEquals((await readJsonObject(path)).entries, [["7", ["cake"]], ["b", "tea"]]);
 * await Deno.remove(path);
 * ```
 */
export async function readJsonObject(
  path: string,
): Promise<{ readonly entries: readonly (readonly [string, unknown])[]; readonly file: DataFile }> {
  const file = await openText(path, "utf-8");
  let text = "";
  try {
    for await (const chunk of file.text) {
      text += chunk;
      if (text.length <= MOST_CHARACTERS) continue;
      throw new BladeError({
        place: path,
        rule: `must be at most ${MOST_CHARACTERS} characters`,
        mend: "name the file of the items, not one of interactions",
      });
    }
  } finally {
    file.close();
  }
  const refuse = (rule: string) =>
    new BladeError({
      place: path,
      rule,
      value: text.slice(0, 80),
      mend: "correct the file, or name another one",
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`must be JSON (${error instanceof Error ? error.message : error})`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse("must be one JSON object, {…}");
  }
  return { entries: Object.entries(value), file: file.fingerprint() };
}
