import { dirname, fromFileUrl, isAbsolute, relative, toFileUrl } from "@std/path";
import { BladeError } from "../../core/errors.ts";
import { npmModules } from "./npm_package.ts";
import { pluginHash } from "../plugin_hash.ts";
import { fetchPinned, pinnedName } from "./pinned.ts";
import { gatherModules, relativeImports, type SourceModule } from "./source_module.ts";

/** A plugin as text: all that a process without permissions has to be told. */
export interface PluginModules {
  /** Each after those that it imports; the plugin is the last. */
  readonly modules: readonly SourceModule[];
  /** Of the plugin's files, see `pluginHash`, or of the archive of its package; hexadecimal digits. */
  readonly sha256: string;
}

/** Whether a specifier names something on the network. */
export function isRemote(specifier: string): boolean {
  return /^(npm|jsr|https?):/.test(specifier);
}

/**
 * Reads a plugin and the modules that it imports: a file with those of its own folder, a pinned web module, a pinned
 * package.
 *
 * @param address the specifier; a file as a URL
 * @throws {BladeError} when something is not there, is not pinned, or lies outside the plugin's folder.
 */
export async function pluginModules(specifier: string, address: string): Promise<PluginModules> {
  const place = `plugin ${specifier}`;
  if (address.startsWith("npm:")) return await npmModules(specifier);
  if (address.startsWith("jsr:")) {
    throw new BladeError({
      place,
      rule: "must be named by the web address of its module",
      mend: "write https://jsr.io/@scope/name/1.2.3/mod.ts for jsr:@scope/name@1.2.3",
    });
  }
  const refuseCycle = (at: string) => {
    const mend = "move what they share into a third module";
    return new BladeError({ place, rule: "must not import in a circle", value: at, mend });
  };
  if (isRemote(address)) {
    const { bytes, sha256 } = await fetchPinned(specifier);
    const text = new TextDecoder().decode(bytes);
    const [first] = relativeImports(text);
    if (first !== undefined) {
      const mend = "bundle it into one file (deno bundle), or publish it on npm";
      throw new BladeError({
        place,
        rule: "must be one module, as its pin is of one file",
        value: first[2],
        mend,
      });
    }
    return { modules: await gatherModules(pinnedName(address).address, () => text, refuseCycle), sha256 };
  }
  const entry = await Deno.realPath(fromFileUrl(address));
  const folder = dirname(entry);
  const read = async (at: string): Promise<string> => {
    const path = fromFileUrl(at);
    // Once as it is written, and once where links lead.
    refuseOutside(place, folder, path);
    refuseOutside(place, folder, await realPath(place, path));
    return await Deno.readTextFile(path);
  };
  const modules = await gatherModules(toFileUrl(entry).href, read, refuseCycle);
  return { modules, sha256: await pluginHash(toFileUrl(entry)) };
}

async function realPath(place: string, path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BladeError({
      place,
      rule: "must import modules that are there",
      value: path,
      mend: "check the import",
    });
  }
}

function refuseOutside(place: string, folder: string, path: string): void {
  const inside = relative(folder, path);
  if (!inside.startsWith("..") && !isAbsolute(inside) && /\.m?[jt]s$/.test(path)) return;
  const mend = "keep what it imports in its own folder, as .ts or .js";
  throw new BladeError({ place, rule: "must import modules of its own folder only", value: inside, mend });
}
