/** The examples of a source file's documentation as modules of tests: `deno task doc` runs them, so mutants meet them. */

/**
 * @param file path of the source
 * @returns a module for each example, to lie beside the source.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { examplesOf } from "./examples.ts";
 * const fence = " * " + "`".repeat(3);
 * const source = ["/**", `${fence}ts`, ' * import { a } from "./a.ts";', " * a();", fence, " *" + "/"].join("\n");
 * assertEquals(examplesOf("src/a.ts", source), [
 *   'import { a } from "./a.ts";\nDeno.test("example 1 of src/a.ts", async () => {\nawait 0;\na();\n});\n',
 * ]);
 * ```
 */
export function examplesOf(file: string, text: string): string[] {
  return [...text.matchAll(/^\s*\* ```ts\n([^]*?)^\s*\* ```$/gm)].map(([, block], index) => {
    const code = block!.replaceAll(/^[ \t]*\* ?/gm, "");
    const imports = code.match(IMPORT) ?? [];
    const body = code.replaceAll(IMPORT, "");
    const name = JSON.stringify(`example ${index + 1} of ${file}`);
    return `${imports.join("")}Deno.test(${name}, async () => {\nawait 0;\n${body}});\n`;
  });
}

const IMPORT = /^import [^;]*;\n/gm;
