/** One import, export-from or `import()` of a source text. */
export interface FoundImport {
  /** As written between the quotes. */
  readonly specifier: string;
  /** Counted from 1. */
  readonly line: number;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

// A statement begins its line (`deno fmt` sees to that), while an example in a doc comment has a ` * ` before it.
const STATEMENT =
  /^(?:import\s+(type\s+)?(?:[\w*{][^"';(]*?\sfrom\s+)?|export\s+(type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+)"([^"]+)"/gm;
const EXPRESSION = /^(?!\s*(?:\*|\/\/|\/\*)).*?\bimport\(\s*"([^"]+)"\s*\)/gm;

/**
 * The imports of a formatted TypeScript text, in order of their lines. Doc examples are not imports.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { findImports } from "./imports.ts";
 * const source = `import type { A } from "./a.ts";\n// import "./no.ts"\nconst b = await import("./b.ts");\n`;
 * assertEquals(findImports(source), [
 *   { specifier: "./a.ts", line: 1, typeOnly: true },
 *   { specifier: "./b.ts", line: 3, typeOnly: false },
 * ]);
 * ```
 */
export function findImports(source: string): FoundImport[] {
  const found: FoundImport[] = [];
  for (const match of source.matchAll(STATEMENT)) {
    const typeOnly = match[1] !== undefined || match[2] !== undefined;
    found.push({ specifier: match[3] ?? "", line: lineAt(source, match.index), typeOnly });
  }
  for (const match of source.matchAll(EXPRESSION)) {
    const at = match.index + match[0].length;
    found.push({ specifier: match[1] ?? "", line: lineAt(source, at), typeOnly: false });
  }
  return found.sort((a, b) => a.line - b.line);
}

function lineAt(source: string, index: number): number {
  let line = 1;
  for (let i = 0; i < index; i++) if (source.charCodeAt(i) === 10) line++;
  return line;
}
