import { resolve, toFileUrl } from "@std/path";

/**
 * The file of a plugin by its specifier; null for one from the network, and for a built-in one of a program that runs
 * from there.
 *
 * @example
 * ```ts
 * import { pluginFile } from "./plugin_file.ts";
 * import { assert, assertEquals } from "@std/assert";
 * assert(pluginFile("blade:ndcg")?.href.endsWith("/plugins/ndcg.ts"));
 * assertEquals(pluginFile("/mine/metric.ts")?.href, "file:///mine/metric.ts");
 * assertEquals(pluginFile("npm:a-metric@1.0.0"), null);
 * ```
 */
export function pluginFile(specifier: string): URL | null {
  const builtin = /^blade:(.+)$/.exec(specifier)?.[1];
  if (builtin !== undefined) {
    const file = new URL(`../../plugins/${builtin}.ts`, import.meta.url);
    return file.protocol === "file:" ? file : null;
  }
  if (specifier.startsWith("file:")) return new URL(specifier);
  return /^[a-z][a-z0-9+.-]+:/i.test(specifier) ? null : toFileUrl(resolve(specifier));
}
