import { dirname, join } from "@std/path";

/** A file of a model. */
export interface CachedFile {
  readonly name: string;
  readonly bytes: number;
}

/** One model's part of the cache, laid out as Hugging Face's own: a folder of files for each commit. */
export interface ModelCache {
  /** The folder of a commit's files. */
  snapshotOf(commit: string): string;
  /** Whether everything that was asked of a commit is there. */
  isWhole(commit: string): Promise<boolean>;
  /** Whether a file of a commit is there, with all its bytes. */
  holds(commit: string, file: CachedFile): Promise<boolean>;
  /** Puts a file into a commit's folder, under its name only once it is complete. */
  receive(
    commit: string,
    name: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void>;
  /** Notes that these files, which are there, are all of a commit. */
  seal(commit: string, files: readonly CachedFile[]): Promise<void>;
  /** Notes the commit that a branch or tag means now. */
  name(revision: string, commit: string): Promise<void>;
  /** The commit that a branch or tag meant when that was last noted. */
  commitOf(revision: string): Promise<string | undefined>;
}

/** A full commit hash, which always means the same files. */
export const COMMIT = /^[0-9a-f]{40}$/;

/** What the folder of a commit holds when it is whole. */
const SEAL = ".files.json";

/** How the names end of files that are not complete. */
const PART = ".part";

const STALE_MS = 3_600_000;

/**
 * The cache of a model's files. Files stand in the commit's folder themselves, not as links into `blobs`: making a
 * link takes leave to write anywhere. Hugging Face's own tools read such a cache as well.
 *
 * @param folder of all models
 * @param model `org/name`
 * @example
 * ```ts
 * import { modelCache } from "./hub_cache.ts";
 * import { assert, assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * const cache = modelCache(folder, "org/name");
 * const commit = "0".repeat(40);
 * await cache.receive(commit, "config.json", [new Uint8Array(2)]);
 * assertEquals(await cache.isWhole(commit), false);
 * await cache.seal(commit, [{ name: "config.json", bytes: 2 }]);
 * assert(await cache.isWhole(commit));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function modelCache(folder: string, model: string): ModelCache {
  const home = join(folder, `models--${model.replace("/", "--")}`);
  const snapshotOf = (commit: string) => join(home, "snapshots", commit);
  const holds = async (commit: string, { name, bytes }: CachedFile) =>
    await bytesOf(join(snapshotOf(commit), name)) === bytes;
  return {
    snapshotOf,
    holds,
    async isWhole(commit) {
      const files = sealedFiles(await textOf(join(snapshotOf(commit), SEAL)));
      if (files === undefined) return false;
      return (await Promise.all(files.map((file) => holds(commit, file)))).every((there) => there);
    },
    async receive(commit, name, chunks) {
      await Deno.mkdir(snapshotOf(commit), { recursive: true });
      await dropStale(snapshotOf(commit));
      await write(join(snapshotOf(commit), name), chunks);
    },
    async seal(commit, files) {
      const list = files.map(({ name, bytes }) => ({ name, bytes }));
      await write(join(snapshotOf(commit), SEAL), [new TextEncoder().encode(JSON.stringify(list))]);
    },
    async name(revision, commit) {
      const ref = join(home, "refs", revision);
      await Deno.mkdir(dirname(ref), { recursive: true });
      await write(ref, [new TextEncoder().encode(commit)]);
    },
    async commitOf(revision) {
      const commit = await textOf(join(home, "refs", revision));
      return commit !== undefined && COMMIT.test(commit) ? commit : undefined;
    },
  };
}

function sealedFiles(text: string | undefined): CachedFile[] | undefined {
  try {
    const files = text === undefined ? undefined : JSON.parse(text);
    return Array.isArray(files) && files.length > 0 && files.every(isCachedFile) ? files : undefined;
  } catch {
    return undefined;
  }
}

/** Names with a slash would lead elsewhere. */
function isCachedFile(file: unknown): file is CachedFile {
  const { name, bytes } = Object(file) as Partial<Record<keyof CachedFile, unknown>>;
  return typeof name === "string" && !/[\\/\0]/.test(name) && Number.isSafeInteger(bytes);
}

async function write(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const part = `${path}.${crypto.randomUUID().slice(0, 8)}${PART}`;
  try {
    using file = await Deno.open(part, { write: true, createNew: true });
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    }
    await file.sync();
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}

/** Removes what a download left that was killed; one under way has written lately. */
async function dropStale(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(PART)) continue;
    const { mtime } = await Deno.stat(join(folder, name)).catch(() => ({ mtime: null }));
    if (mtime !== null && Date.now() - mtime.getTime() > STALE_MS) {
      await Deno.remove(join(folder, name)).catch(() => {});
    }
  }
}

async function bytesOf(path: string): Promise<number | undefined> {
  try {
    const { isFile, size } = await Deno.stat(path);
    return isFile ? size : undefined;
  } catch (error) {
    return absent(error);
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    return absent(error);
  }
}

function absent(error: unknown): undefined {
  const { NotFound, NotADirectory, IsADirectory } = Deno.errors;
  if ([NotFound, NotADirectory, IsADirectory].some((kind) => error instanceof kind)) return undefined;
  throw error;
}
