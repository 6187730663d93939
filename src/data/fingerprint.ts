import { createHash } from "node:crypto";
import type { DataFile } from "../core/dataset.ts";
import { unreadable } from "./text_file.ts";

/**
 * Path, bytes and SHA-256 of a file of any kind, read a piece at a time.
 *
 * @throws {BladeError} when the file is missing or unreadable.
 *
 * @example
 * ```ts
 * import { fingerprint } from "./fingerprint.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "abc");
 * const { bytes, sha256 } = await fingerprint(path);
 * assertEquals([bytes, sha256.slice(0, 8)], [3, "ba7816bf"]);
 * await Deno.remove(path);
 * ```
 */
export async function fingerprint(path: string): Promise<DataFile> {
  const file = await Deno.open(path).catch((cause) => {
    throw unreadable(path, cause);
  });
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of file.readable) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path, bytes, sha256: hash.digest("hex") };
}
