import { BadCell } from "./cells.ts";

/**
 * The entries of a list as Python writes it, `['a', "b's", 3]`: texts with their escapes undone, numbers as written.
 *
 * @throws {SyntaxError} When the text is anything else, with what was expected and where.
 *
 * @example
 * ```ts
 * import { pythonList } from "./python_list.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(pythonList(`['Heat', "Ocean's 8", 'A\\x41', 0642]`), ["Heat", "Ocean's 8", "AA", "0642"]);
 * assertThrows(() => pythonList("['Heat'"), SyntaxError, "a comma or ] is missing at character 8");
 * ```
 */
export function pythonList(text: string): string[] {
  const skipSpace = (from: number) => {
    while (from < text.length && text[from]!.trim() === "") from++;
    return from;
  };
  const entries: string[] = [];
  let at = skipSpace(0);
  if (text[at] !== "[") throw missing("the [ of a list", at);
  at = skipSpace(at + 1);
  while (text[at] !== "]") {
    const end = text[at] === "'" || text[at] === '"' ? endOfText(text, at) : endOfNumber(text, at);
    entries.push(unescaped(text.slice(at, end), at));
    at = skipSpace(end);
    if (text[at] === ",") at = skipSpace(at + 1);
    else if (text[at] !== "]") throw missing("a comma or ]", at);
  }
  at = skipSpace(at + 1);
  if (at < text.length) throw missing("the end", at);
  return entries;
}

/**
 * The entries of a cell that holds a Python list.
 *
 * @throws {BadCell} When it holds anything else.
 *
 * @example
 * ```ts
 * import { listCell } from "./python_list.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(listCell("[12, 7]", "history_item_id"), ["12", "7"]);
 * ```
 */
export function listCell(cell: string | undefined, column: string): string[] {
  try {
    return pythonList(cell ?? "");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const rule = `must be a list as Python writes it, of texts or numbers (${error.message})`;
    throw new BadCell(column, rule, cell, "correct the cell or remove the row");
  }
}

/** Past the closing quote of the text that opens at `start`. */
function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === text[start]) return at + 1;
    if (text[at] === "\n") break;
    if (text[at] === "\\") at++;
  }
  throw missing(`the closing ${text[start]} of a text`, start);
}

function endOfNumber(text: string, start: number): number {
  const number = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
  number.lastIndex = start;
  if (!number.test(text)) throw missing("a text in quotes or a number", start);
  return number.lastIndex;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "",
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** A literal without its quotes and escapes; a backslash before any other letter stands for itself, as in Python. */
function unescaped(literal: string, start: number): string {
  if (literal[0] !== "'" && literal[0] !== '"') return literal;
  const body = literal.slice(1, -1);
  if (!body.includes("\\")) return body;
  const escape = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g;
  return body.replace(
    escape,
    (whole: string, octal?: string, x?: string, u?: string, long?: string, letter?: string) => {
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      if (letter === undefined) {
        const code = parseInt((x ?? u ?? long)!, 16);
        if (code <= 0x10ffff) return String.fromCodePoint(code);
      } else if (!"xuUN".includes(letter)) return ESCAPES[letter] ?? whole;
      throw missing("a known escape", start);
    },
  );
}

/** Characters count from 1, as an editor's columns do. */
function missing(what: string, at: number): SyntaxError {
  return new SyntaxError(`${what} is missing at character ${at + 1}`);
}
