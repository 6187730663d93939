/** Reads the texts of the repository: what is written by hand, not what is installed, generated or binary. */
import type { SourceFile } from "./arch.ts";

const SKIPPED_FOLDERS = new Set([".git", "node_modules", "runs", "coverage", ".blade-cache"]);
const TEXT = /\.(?:ts|js|json|jsonc|md|html|css|sh|yml|wat|wgsl|lock)$|^\.ci\/run$|^LICENSE$/;

/** @param root folder to start from. Paths come back sorted and relative to it. */
export async function readTree(root: string): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const visit = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(`${root}/${folder}`)) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory && !SKIPPED_FOLDERS.has(entry.name)) await visit(path);
      else if (entry.isFile && TEXT.test(path)) {
        files.push({ path, text: await Deno.readTextFile(`${root}/${path}`) });
      }
    }
  };
  await visit("");
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}
