import { unreadable } from "../text_file.ts";

/**
 * Whether an optional file is there.
 *
 * @throws {BladeError} When that cannot be found out, for want of permission for instance.
 *
 * @example
 * ```ts
 * import { exists } from "./exists.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await exists("no/such/file"), false);
 * ```
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw unreadable(path, cause);
  }
}
