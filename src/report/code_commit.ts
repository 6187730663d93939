import { isAbsolute, join, resolve } from "@std/path";

/**
 * The commit that a folder's checkout stands at, read from its `.git` without running git; null where there is
 * none. Worktrees and packed references are followed.
 *
 * @param folder the root of the checkout
 * @returns 40 hexadecimal digits, or null
 * @example
 * ```ts
 * import { codeCommit } from "./code_commit.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await codeCommit("/no/such/folder"), null);
 * ```
 */
export async function codeCommit(folder: string): Promise<string | null> {
  const gitFolder = await gitFolderOf(folder);
  const head = await textOf(join(gitFolder, "HEAD"));
  if (head === null) return null;
  if (!head.startsWith("ref: ")) return commitIn(head);
  const reference = head.slice("ref: ".length);
  const common = await textOf(join(gitFolder, "commondir"));
  for (const place of [gitFolder, ...(common === null ? [] : [resolve(gitFolder, common)])]) {
    const loose = await textOf(join(place, reference));
    if (loose !== null) return commitIn(loose);
    const packed = await textOf(join(place, "packed-refs"));
    const line = packed?.split("\n").find((row) => row.endsWith(` ${reference}`));
    if (line !== undefined) return commitIn(line.split(" ")[0]!);
  }
  return null;
}

/** `.git` is the folder itself, or in a worktree a file that names it. */
async function gitFolderOf(folder: string): Promise<string> {
  const path = join(folder, ".git");
  const pointer = (await textOf(path))?.match(/^gitdir: (.+)$/m)?.[1];
  if (pointer === undefined) return path;
  return isAbsolute(pointer) ? pointer : resolve(folder, pointer);
}

async function textOf(path: string): Promise<string | null> {
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch {
    // Absent, a folder or not readable: the commit is a courtesy that must never stop a run.
    return null;
  }
}

function commitIn(text: string): string | null {
  return /^[0-9a-f]{40,64}$/.test(text) ? text : null;
}
