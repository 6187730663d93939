import { createHash } from "node:crypto";
import { fromFileUrl, join } from "@std/path";
import deno from "../../deno.json" with { type: "json" };

/** Folders whose code has no part in what a stage computes. */
const APART: readonly string[] = ["src/cli", "src/experiment", "src/report", "src/check"];

/**
 * What computes: SHA-256 over the program's own sources that a stage can reach, with the lock file of its
 * dependencies, and the Deno and the machine that run it. A change of any of them is another version.
 *
 * @param root folder of the program; its own when left out
 */
export async function codeVersion(root: URL = new URL("../../", import.meta.url)): Promise<string> {
  const hash = createHash("sha256");
  const { os, arch } = Deno.build;
  hash.update(JSON.stringify([deno.version, Deno.version.deno, os, arch, Deno.hostname()]));
  // A program that was loaded from the web has no folder: its version and Deno's lock are what there is.
  if (root.protocol === "file:") {
    const folder = fromFileUrl(root);
    for (const path of ["deno.lock", ...await sources(folder, "src"), ...await sources(folder, "plugins")]) {
      hash.update(`${path}\n`);
      hash.update(await Deno.readFile(join(folder, path)));
    }
  }
  return hash.digest("hex");
}

/** Paths of the files under a folder, sorted. */
async function sources(root: string, folder: string): Promise<string[]> {
  if (APART.includes(folder)) return [];
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) paths.push(...await sources(root, path));
    else paths.push(path);
  }
  return paths.sort();
}
