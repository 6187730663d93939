import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { BladeError } from "../core/errors.ts";

/** A parsed JSONC text that still knows on which line a value stands. */
export interface JsoncDocument {
  readonly value: unknown;
  /** Line of the value at a path, from 1; of its nearest parent where the path itself is not written. */
  lineOf(path: readonly (string | number)[]): number;
}

/**
 * Parses JSON with comments and trailing commas. A syntax error or a key given twice is refused with its line.
 *
 * @param text the text
 * @param place the file's name, for messages
 * @throws {BladeError} place, line and column
 * @example
 * ```ts
 * import { readJsonc } from "./jsonc_document.ts";
 * import { assertEquals } from "@std/assert";
 * const document = readJsonc('{ // seed of the run\n  "seed": 2,\n}', "run.jsonc");
 * assertEquals(document.value, { seed: 2 });
 * assertEquals(document.lineOf(["seed"]), 2);
 * ```
 */
export function readJsonc(text: string, place: string): JsoncDocument {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  refuseDepth(source, place);
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first !== undefined || root === undefined) {
    const offset = first?.offset ?? 0;
    const code = first === undefined ? "no value" : printParseErrorCode(first.error);
    throw new BladeError({
      place: `${place}:${lineAt(source, offset)}:${columnAt(source, offset)}`,
      rule: `must be JSON with comments (${words(code)})`,
      value: source.slice(offset, offset + 40).split("\n")[0] || "the end of the file",
      mend: "correct the text there; keys and strings stand in double quotes",
    });
  }
  refuseDoubleKeys(root, source, place);
  return {
    value: getNodeValue(root),
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = findNodeAtLocation(root, path.slice(0, length));
        if (node !== undefined) return lineAt(source, keyOffset(node));
      }
      return lineAt(source, root.offset);
    },
  };
}

/** Brackets that may be open at once. */
const DEEPEST = 100;

/** Whoever reads values goes down into them: what is deeper than any configuration would exhaust the stack. */
function refuseDepth(text: string, place: string): void {
  const scanner = createScanner(text, true);
  let depth = 0;
  // At its end the scanner gives the same token for ever, which is not always an empty one.
  while (scanner.getPosition() < text.length) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    const token = scanner.getTokenLength() === 1 ? text[offset] : undefined;
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
    if (depth <= DEEPEST) continue;
    throw new BladeError({
      place: `${place}:${lineAt(text, offset)}:${columnAt(text, offset)}`,
      rule: `must not open more than ${DEEPEST} brackets within each other`,
      mend: "look for brackets that are not closed",
    });
  }
}

/** JSON itself would keep the last of two equal keys in silence. */
function refuseDoubleKeys(node: Node, text: string, place: string): void {
  const names = new Set<string>();
  for (const child of node.children ?? []) {
    if (node.type === "object") {
      const key = child.children?.[0];
      const name = String(key?.value);
      if (names.has(name)) {
        throw new BladeError({
          place: `${place}:${lineAt(text, child.offset)}`,
          rule: "must give a key once",
          value: name,
          mend: `remove one of the two "${name}"`,
        });
      }
      names.add(name);
    }
    refuseDoubleKeys(child, text, place);
  }
}

function keyOffset(node: Node): number {
  return node.parent?.type === "property" ? node.parent.offset : node.offset;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function columnAt(text: string, offset: number): number {
  return offset - text.lastIndexOf("\n", offset - 1);
}

/** `PropertyNameExpected` → `property name expected`. */
function words(code: string): string {
  return code.replace(/(?<!^)([A-Z])/g, " $1").toLowerCase();
}
