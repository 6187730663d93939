/**
 * Whether a file or folder is there.
 *
 * @throws what keeps that from being found out: a missing permission, for instance
 * @example
 * ```ts
 * import { isThere } from "./is_there.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await isThere("no/such/file"), false);
 * assertEquals(await isThere("deno.json/below-a-file"), false);
 * assertEquals(await isThere("deno.json"), true);
 * ```
 */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    return false;
  }
}
