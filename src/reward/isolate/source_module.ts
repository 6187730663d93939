/** A module as text, cut at the addresses of what it imports: the child fills in where it put them. */
export interface SourceModule {
  /** One more than `links`. */
  readonly parts: readonly string[];
  /** Rows of the modules that stand between the parts, each before this one. */
  readonly links: readonly number[];
  /** Whether types have to be taken out. */
  readonly typescript: boolean;
}

/** An import or export-from of a relative address; a statement begins its line or follows another. */
const RELATIVE = /(?<=^|[;}\n])[ \t]*(?:import|export)\b[^"'`;()]*?(["'])(?<address>\.\.?\/[^"'\n]*)\1/gd;

/** Where a module's text imports other modules of its own by relative address: [from, to, address]. */
export function relativeImports(text: string): [from: number, to: number, address: string][] {
  return Array.from(text.matchAll(RELATIVE), ({ indices, groups }) => {
    const [from, to] = indices!.groups!.address!;
    return [from, to, groups!.address!];
  });
}

/** One module's text and where it stands. */
export interface ReadModule {
  readonly text: string;
  /** A URL, against which relative imports resolve. */
  readonly address: string;
}

/**
 * A module and all that it imports by relative address, each after what it imports.
 *
 * @param read gives the text at an address, or throws where the plugin may not have it
 * @param refuseCycle makes the error for modules that import each other
 *
 * @example
 * ```ts
 * import { gatherModules } from "./source_module.ts";
 * import { assertEquals } from "@std/assert";
 * const texts: Record<string, string> = {
 *   "file:///p/a.ts": 'import { b } from "./b.ts";\nexport default b;',
 *   "file:///p/b.ts": "export const b = 1;",
 * };
 * const modules = await gatherModules("file:///p/a.ts", (address) => texts[address]!, () => new Error("cycle"));
 * assertEquals(modules.map(({ links }) => links), [[], [0]]);
 * assertEquals(modules[1]?.parts, ['import { b } from "', '";\nexport default b;']);
 * ```
 */
export async function gatherModules(
  entry: string,
  read: (address: string) => string | Promise<string>,
  refuseCycle: (address: string) => Error,
): Promise<SourceModule[]> {
  const modules: SourceModule[] = [];
  const rowOf = new Map<string, number>();
  const open = new Set<string>();
  const visit = async (address: string): Promise<number> => {
    const known = rowOf.get(address);
    if (known !== undefined) return known;
    if (open.has(address)) throw refuseCycle(address);
    open.add(address);
    const text = await read(address);
    const parts: string[] = [];
    const links: number[] = [];
    let at = 0;
    for (const [from, to, relative] of relativeImports(text)) {
      links.push(await visit(new URL(relative, address).href));
      parts.push(text.slice(at, from));
      at = to;
    }
    modules.push({
      parts: [...parts, text.slice(at)],
      links,
      typescript: /\.m?ts$/.test(new URL(address).pathname),
    });
    rowOf.set(address, modules.length - 1);
    return modules.length - 1;
  };
  await visit(entry);
  return modules;
}

/** Puts modules into this process's memory. @returns the address of the last */
export function linkModules(modules: readonly SourceModule[]): string {
  const urls: string[] = [];
  for (const { parts, links, typescript } of modules) {
    const text = parts.map((part, at) => part + (at < links.length ? urls[links[at]!]! : "")).join("");
    const type = typescript ? "application/typescript" : "text/javascript";
    urls.push(URL.createObjectURL(new Blob([text], { type })));
  }
  return urls.at(-1)!;
}
