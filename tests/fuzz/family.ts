/** What a parser is fuzzed with, and what is asked of it. */
import type fc from "fast-check";

/** An input: files or texts by name. */
export type Parts = Readonly<Record<string, string | Uint8Array>>;

/** A parser, and inputs that are nearly right. */
export interface Family {
  readonly name: string;
  readonly inputs: fc.Arbitrary<Parts>;
  /**
   * Parses an input. Resolves when it was taken; throws a refusal, or what is a find.
   *
   * @param folder empty, where parts may be written as files; what is left in it is removed
   */
  readonly run: (parts: Parts, folder: string) => unknown;
  /** MiB that an input may take beside `BYTES_PER_BYTE` times its length; `MEMORY_MIB` when left out. */
  readonly memoryMiB?: number;
}

/** What an input may take in memory, beside its own length times `BYTES_PER_BYTE`. */
export const MEMORY_MIB = 64;

/** Bytes of memory that a byte of input may take. */
export const BYTES_PER_BYTE = 16;

/** An input of 64 KiB may take so long; a longer one as much more as it is longer. */
export const SLOW_MS = 1000;

/** Length of an input. */
export function bytesIn(parts: Parts): number {
  return Object.values(parts).reduce((sum, part) => sum + part.length, 0);
}

/** A part as text, as reading a file as text gives it. */
export function textOf(part: string | Uint8Array | undefined): string {
  return typeof part === "string" ? part : new TextDecoder().decode(part);
}

/** A part as bytes, as a file holds it. */
export function bytesOf(part: string | Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  return part instanceof Uint8Array ? new Uint8Array(part) : new TextEncoder().encode(part ?? "");
}

/** Writes the parts as the files of a folder; names may hold slashes. */
export function writeParts(parts: Parts, folder: string): void {
  for (const [name, part] of Object.entries(parts)) {
    const slash = name.lastIndexOf("/");
    if (slash > 0) Deno.mkdirSync(`${folder}/${name.slice(0, slash)}`, { recursive: true });
    Deno.writeFileSync(`${folder}/${name}`, bytesOf(part));
  }
}
