import { fromFileUrl } from "@std/path";

/**
 * The folder that this program runs from; null where it runs from the network.
 *
 * @example
 * ```ts
 * import { programFolder } from "./program_folder.ts";
 * import { assert } from "@std/assert";
 * assert(programFolder() !== null);
 * ```
 */
export function programFolder(): string | null {
  const root = new URL("../../", import.meta.url);
  return root.protocol === "file:" ? fromFileUrl(root).replace(/[\\/]$/, "") : null;
}
