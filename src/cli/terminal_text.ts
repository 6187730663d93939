/**
 * Text that a terminal shows and does not obey: control characters of either kind, marks that turn the direction of
 * reading and separators of lines stand there as `\u{1b}`. Line feeds and tabs stay, and so do the joiners that scripts
 * and emoji need.
 *
 * @param text with ids, titles and messages from data, plugins and run folders in it
 * @example
 * ```ts
 * import { terminalText } from "./terminal_text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(terminalText("a\u001b[2Jb\r\u202ec\n"), "a\\u{1b}[2Jb\\u{d}\\u{202e}c\n");
 * assertEquals(terminalText("Amélie\t日本 👩‍🚀\n"), "Amélie\t日本 👩‍🚀\n");
 * ```
 */
export function terminalText(text: string): string {
  return text.replaceAll(OBEYED, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** What a terminal acts on: C0 without tab and line feed, delete, C1, directions, line and paragraph separators. */
const OBEYED = /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
