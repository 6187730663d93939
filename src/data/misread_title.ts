/**
 * A title of a file without a declared encoding, given as latin1 text: in UTF-8 where its bytes are that. Programs
 * that read the file as ISO 8859-1 whatever it is have written the title differently, which `alsoWritten` tells.
 *
 * @param title as `TextDecoder("latin1")`, which is windows-1252, gives it
 *
 * @example
 * ```ts
 * import { misreadings } from "./misread_title.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(misreadings("AmÃ©lie"), { title: "Amélie", alsoWritten: ["AmÃ©lie"] });
 * assertEquals(misreadings("Amélie"), { title: "Amélie", alsoWritten: [] }); // was latin1
 * ```
 */
export function misreadings(title: string): { readonly title: string; readonly alsoWritten: string[] } {
  if (/^[\0-\x7f]*$/.test(title)) return { title, alsoWritten: [] };
  const letters = new TextDecoder("latin1").decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  const bytes = Uint8Array.from(title, (letter) => letters.indexOf(letter));
  const written = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const best = utf8(bytes) ?? title;
  return { title: best, alsoWritten: best === written ? [] : [written] };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
