import { dirname, fromFileUrl, relative } from "@std/path";
import { hashOfBytes } from "./isolate/pinned.ts";
import { relativeImports } from "./isolate/source_module.ts";

/**
 * The SHA-256 of a plugin's file; where it imports files by relative address, that of a list of all their hashes and
 * names, one a line as `sha256sum` writes them, sorted by name. One changed line in any of them changes it.
 *
 * @param file of the plugin
 * @returns hexadecimal digits
 * @throws where a file cannot be read
 * @example
 * ```ts
 * import { pluginHash } from "./plugin_hash.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/b.ts`, "abc");
 * assertEquals((await pluginHash(new URL(`file://${folder}/b.ts`))).slice(0, 8), "ba7816bf");
 * await Deno.writeTextFile(`${folder}/a.ts`, 'export * from "./b.ts";');
 * const before = await pluginHash(new URL(`file://${folder}/a.ts`));
 * await Deno.writeTextFile(`${folder}/b.ts`, "abd");
 * assertNotEquals(await pluginHash(new URL(`file://${folder}/a.ts`)), before);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function pluginHash(file: URL): Promise<string> {
  const hashes = new Map<string, string>();
  const visit = async (address: URL): Promise<void> => {
    if (hashes.has(address.href)) return;
    const bytes = await Deno.readFile(address);
    hashes.set(address.href, await hashOfBytes(bytes));
    for (const [, , imported] of relativeImports(new TextDecoder().decode(bytes))) {
      await visit(new URL(imported, address));
    }
  };
  await visit(file);
  if (hashes.size === 1) return hashes.get(file.href)!;
  const folder = dirname(fromFileUrl(file));
  const nameOf = (href: string) => relative(folder, fromFileUrl(href)).replaceAll("\\", "/");
  const lines = Array.from(hashes, ([href, hash]) => [nameOf(href), hash] as const)
    .sort(([one], [other]) => one < other ? -1 : 1)
    .map(([name, hash]) => `${hash}  ${name}\n`);
  return await hashOfBytes(new TextEncoder().encode(lines.join("")));
}
