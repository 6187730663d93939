import { fromFileUrl } from "@std/path";
import { BladeError } from "../core/errors.ts";

/**
 * Why a plugin module could not be imported, for the user: a path that leads nowhere, or the first line of what Deno
 * says, with the line of the module where there is one.
 *
 * @param specifier the module as the user named it
 * @param address the URL that was imported
 * @param error what the import threw
 *
 * @example
 * ```ts
 * import { importFailure } from "./import_failure.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const error = new TypeError('Module not found "file:///gone.ts".');
 * const { message } = await importFailure("./gone.ts", "file:///gone.ts", error);
 * assertStringIncludes(message, "plugin ./gone.ts: must be a file that holds a module, got no such file");
 * ```
 */
export async function importFailure(specifier: string, address: string, error: unknown): Promise<BladeError> {
  const missing = address.startsWith("file:") ? await whyNoFile(fromFileUrl(address)) : undefined;
  if (missing !== undefined) {
    return new BladeError({
      place: `plugin ${specifier}`,
      rule: `must be a file that holds a module, got ${missing}`,
      mend: "check the path",
    });
  }
  const text = plain(error instanceof Error ? error.message : String(error));
  const position = /at file:\S+?:(\d+):(\d+)/.exec(text);
  const isOwn = position !== null && text.includes(`${address}:${position[1]}:`);
  return new BladeError({
    place: `plugin ${specifier}${isOwn ? `:${position[1]}` : ""}`,
    rule: `must be a module that can be imported; importing it said: ${firstLine(text)}`,
    mend: "correct the module; `deno check` on it tells more",
  });
}

async function whyNoFile(path: string): Promise<string | undefined> {
  try {
    return (await Deno.stat(path)).isFile ? undefined : "a folder";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "no such file" : undefined;
  }
}

/** Without the colours of a terminal. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\u001b\[[0-9;]*m/g, "");
}

function firstLine(text: string): string {
  const line = text.split("\n").find((each) => each.trim() !== "") ?? "it says nothing";
  return line.trim().replaceAll(/"?file:\/\/([^"\s]+)"?/g, "$1").replace(/\.$/, "");
}
