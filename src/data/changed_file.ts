import { BladeError } from "../core/errors.ts";

/**
 * What tells, without reading it again, whether a file was written to: its size, when it was written last, and which file
 * it is.
 *
 * @example
 * ```ts
 * import { stampOfInfo } from "./changed_file.ts";
 * import { assertNotEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * const before = stampOfInfo(await Deno.stat(path));
 * await Deno.writeTextFile(path, "more");
 * assertNotEquals(stampOfInfo(await Deno.stat(path)), before);
 * await Deno.remove(path);
 * ```
 */
export function stampOfInfo({ size, mtime, ino, dev }: Deno.FileInfo): string {
  return [size, mtime?.getTime(), ino, dev].join();
}

/** The refusal of a file that was written to while it was being read. */
export function changedWhileRead(path: string): BladeError {
  return new BladeError({
    place: path,
    rule: "must stay as it was while it is read, and was written to",
    mend: "wait until nothing writes to it any more, then start again",
  });
}
