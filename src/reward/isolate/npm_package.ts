import { fromFileUrl, join, relative, toFileUrl } from "@std/path";
import { BladeError } from "../../core/errors.ts";
import { checkPin, hashOfBytes, pinnedName } from "./pinned.ts";
import { checkMayRun } from "./process.ts";
import { gatherModules, type SourceModule } from "./source_module.ts";

/**
 * The modules of `npm:name@1.2.3#sha256=HEX` or `npm:name@1.2.3/file.js#sha256=HEX`, out of Deno's own cache, into
 * which Deno downloads it by its own settings. The hash is of all files of the package. A package stands for itself:
 * it may import `blade` and its own files.
 */
export async function npmModules(
  specifier: string,
): Promise<{ readonly modules: readonly SourceModule[]; readonly sha256: string }> {
  const place = `plugin ${specifier}`;
  const { address } = pinnedName(specifier);
  const [, name, version, path] =
    /^npm:\/?((?:@[^/@]+\/)?[^/@]+)@(\d+\.\d+\.\d+[^/]*)(?:\/(.+))?$/.exec(address) ?? [];
  if (name === undefined || version === undefined) {
    const mend = "write it as npm:name@1.2.3";
    throw new BladeError({ place, rule: "must name a package and its exact version", value: address, mend });
  }
  const folder = await folderOf(place, name, version);
  const sha256 = await hashOfFolder(folder);
  checkPin(specifier, sha256);
  const entry = path ?? entryOf(JSON.parse(await Deno.readTextFile(join(folder, "package.json"))));
  const read = async (at: string): Promise<string> => {
    const file = fromFileUrl(at);
    if (!relative(folder, file).startsWith("..")) {
      try {
        return await Deno.readTextFile(file);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    const mend =
      "ask its author for a package that stands for itself: modules of its own that import blade alone";
    throw new BladeError({
      place,
      rule: "must have the modules that it imports",
      value: relative(folder, file),
      mend,
    });
  };
  const refuseCycle = (at: string) => {
    const mend = "ask its author for one bundled file";
    return new BladeError({
      place,
      rule: "must not import in a circle",
      value: relative(folder, fromFileUrl(at)),
      mend,
    });
  };
  return { modules: await gatherModules(toFileUrl(join(folder, entry)).href, read, refuseCycle), sha256 };
}

/** Where Deno keeps a version of a package, after downloading it if it has to. */
async function folderOf(place: string, name: string, version: string): Promise<string> {
  const { npmCache } = JSON.parse((await deno(place, ["info", "--json", "--no-config"])).said) as {
    npmCache: string;
  };
  const kept = await keptFolder(npmCache, name, version);
  if (kept !== undefined) return kept;
  const flags = ["--quiet", "--no-config", "--no-lock", "--node-modules-dir=none"];
  const { success, said } = await deno(place, ["cache", ...flags, `npm:${name}@${version}`]);
  const downloaded = success ? await keptFolder(npmCache, name, version) : undefined;
  if (downloaded !== undefined) return downloaded;
  throw new BladeError({
    place,
    rule: "must be a package that Deno can download",
    value: said.trim().split("\n")[0],
    mend: `check its name and version, and what \`deno cache npm:${name}@${version}\` says`,
  });
}

/** Each registry has a folder of its own. */
async function keptFolder(cache: string, name: string, version: string): Promise<string | undefined> {
  try {
    for await (const registry of Deno.readDir(cache)) {
      const folder = join(cache, registry.name, name, version);
      if (await Deno.stat(folder).then(() => true, () => false)) return await Deno.realPath(folder);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return undefined;
}

async function deno(
  place: string,
  args: readonly string[],
): Promise<{ readonly success: boolean; readonly said: string }> {
  const command = Deno.execPath();
  await checkMayRun(place, command);
  const env = { NO_COLOR: "1" };
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], env, stdin: "null" })
    .output();
  return { success, said: new TextDecoder().decode(success ? stdout : stderr) };
}

/** SHA-256 of a line for each file, its own SHA-256 and its path, in the order of the paths. */
async function hashOfFolder(folder: string): Promise<string> {
  const lines: string[] = [];
  const visit = async (path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      const inner = join(path, name);
      if (isDirectory) await visit(inner);
      else {
        const within = relative(folder, inner).replaceAll("\\", "/");
        lines.push(`${await hashOfBytes(await Deno.readFile(inner))}  ${within}\n`);
      }
    }
  };
  await visit(folder);
  const byPath = (a: string, b: string) => a.slice(66) < b.slice(66) ? -1 : 1;
  return await hashOfBytes(new TextEncoder().encode(lines.sort(byPath).join("")));
}

/** The module that a package gives to who imports it by its name. */
function entryOf(manifest: { exports?: unknown; module?: unknown; main?: unknown }): string {
  let entry: unknown = manifest.exports ?? manifest.module ?? manifest.main ?? "index.js";
  while (typeof entry === "object" && entry !== null) {
    const choices = entry as Readonly<Record<string, unknown>>;
    entry = choices["."] ?? choices["deno"] ?? choices["import"] ?? choices["default"] ?? "index.js";
  }
  return String(entry);
}
