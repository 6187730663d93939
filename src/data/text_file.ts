import { createHash } from "node:crypto";
import { basename, dirname } from "@std/path";
import { BladeError } from "../core/errors.ts";
import type { DataFile } from "../core/dataset.ts";
import { changedWhileRead, stampOfInfo } from "./changed_file.ts";

/** How the bytes of a file become text. `latin1` is what the older MovieLens files use. */
export type Encoding = "utf-8" | "latin1";

/** A file being read as text. */
export interface TextFile {
  /** Its text in chunks, byte order mark removed. */
  readonly text: ReadableStream<string>;
  /** Path, bytes and SHA-256 of what was read so far: of the file once `text` has ended. */
  fingerprint(): DataFile;
  /** Releases the file, whether or not `text` has ended. To be called once. */
  close(): void;
}

/**
 * Opens a file as a stream of text and hashes its bytes as they pass.
 *
 * @throws {BladeError} When the file is missing or unreadable; the stream fails with one when the bytes are not
 * text in that encoding, and at its end when the file was written to while it was read: what was read may be half of
 * one version and half of another.
 *
 * @example
 * ```ts
 * import { openText } from "./text_file.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "abc");
 * const file = await openText(path, "utf-8");
 * assertEquals((await Array.fromAsync(file.text)).join(""), "abc");
 * file.close();
 * assertEquals(file.fingerprint().sha256.slice(0, 8), "ba7816bf");
 * await Deno.remove(path);
 * ```
 */
export async function openText(path: string, encoding: Encoding): Promise<TextFile> {
  const file = await Deno.open(path).catch((cause) => {
    throw unreadable(path, cause);
  });
  const opened = await file.stat();
  if (opened.isDirectory) {
    file.close();
    throw new BladeError({ place: path, rule: "must be a file, and is a folder", mend: "name a file in it" });
  }
  const hash = createHash("sha256");
  const decoder = new TextDecoder(encoding, { fatal: true });
  let bytes = 0;
  const decode = (chunk: Uint8Array, last: boolean) => {
    try {
      return decoder.decode(chunk, { stream: !last });
    } catch {
      throw new BladeError({
        place: path,
        rule: `must be ${encoding} text, and is not near byte ${bytes}`,
        mend: "unpack the file if it is an archive, or convert it to UTF-8 (iconv -t utf-8)",
      });
    }
  };
  const buffer = new Uint8Array(CHUNK_BYTES);
  // Not made of a generator: one that fails after its reader has left rejects a promise that nobody waits for.
  const text = new ReadableStream<string>({
    async pull(controller) {
      const size = await file.read(buffer).catch((cause) => {
        throw unreadable(path, cause);
      });
      const chunk = buffer.subarray(0, size ?? 0);
      hash.update(chunk);
      // A pipe is written to while it is read.
      if (size === null && opened.isFile && stampOfInfo(await file.stat()) !== stampOfInfo(opened)) {
        throw changedWhileRead(path);
      }
      controller.enqueue(decode(chunk, size === null));
      bytes += chunk.length;
      if (size === null) controller.close();
    },
  }, { highWaterMark: 0 });
  return {
    text,
    fingerprint: () => ({ path, bytes, sha256: hash.copy().digest("hex") }),
    close: () => file.close(),
  };
}

const CHUNK_BYTES = 1 << 16;

/**
 * The error for a file or folder that could not be read: it says what is near.
 *
 * @example
 * ```ts
 * import { unreadable } from "./text_file.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const error = unreadable("nowhere/ratings.csv", new Deno.errors.NotFound());
 * assertStringIncludes(error.message, "nowhere/ratings.csv: must exist");
 * ```
 */
export function unreadable(path: string, cause: unknown): BladeError {
  if (cause instanceof Deno.errors.NotFound) {
    const near = namesIn(dirname(path));
    return new BladeError({
      place: path,
      rule: "must exist, and does not",
      mend: near === undefined
        ? `check data.folder: there is no folder ${
          dirname(path)
        } (relative paths of a config count from the config)`
        : `put ${basename(path)} into ${dirname(path)}, which holds ${near}, or point data.folder elsewhere`,
    });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BladeError({
    place: path,
    rule: `must be readable (${reason})`,
    mend: cause instanceof Deno.errors.NotCapable
      ? `allow it: --allow-read=${dirname(path)}`
      : "check the permissions of the file, and the disk that it is on",
  });
}

function namesIn(folder: string): string | undefined {
  try {
    const names = Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort();
    if (names.length === 0) return "nothing";
    return names.slice(0, 8).join(", ") + (names.length > 8 ? " …" : "");
  } catch {
    return undefined;
  }
}
