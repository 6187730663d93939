import { createHash } from "node:crypto";
import { BladeError } from "../core/errors.ts";
import { COMMIT } from "./hub_cache.ts";
import { hubRefusal, type HubRequest } from "./hub_refusal.ts";

/** A file of a model on the hub. */
export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** What the bytes hash to: SHA-256 for large files, the SHA-1 of a git blob for others. */
  readonly hash?: { readonly algorithm: "sha256" | "git"; readonly digest: string };
}

/** One model on the hub. Every failure is a `BladeError`. */
export interface HubClient {
  /** The commit that a branch or tag means. */
  commitOf(revision: string): Promise<string>;
  /** Those of the named files that the model has. */
  filesOf(commit: string, names: readonly string[]): Promise<HubFile[]>;
  /** The bytes of a file. The stream fails unless they are all there and have the file's hash. */
  download(commit: string, file: HubFile, received: (bytes: number) => void): AsyncGenerator<Uint8Array>;
}

/** How to reach the hub. */
export interface HubAccess {
  /** `org/name` */
  readonly model: string;
  readonly hubUrl: string;
  readonly token?: string | undefined;
  /** Milliseconds without a byte after which the hub counts as out of reach. */
  readonly patience: number;
}

/**
 * A model on the hub, through the hub's own library where it asks for facts. Bytes are fetched here: the library
 * writes to the console and takes a file that was cut off for a whole one.
 *
 * @param request what messages say was asked
 */
export function hubClient({ model, hubUrl, token, patience }: HubAccess, request: HubRequest): HubClient {
  const impatient: typeof fetch = (input, init) =>
    fetch(input, { ...init, signal: AbortSignal.timeout(patience) });
  const common = { hubUrl, fetch: impatient, ...(token === undefined ? {} : { accessToken: token }) };
  const asked = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await ask();
    } catch (error) {
      throw hubRefusal(error, request);
    }
  };
  const broken = (rule: string, value: unknown) =>
    new BladeError({
      place: request.spec,
      rule,
      value,
      mend: "start again: files that are complete are kept",
    });
  return {
    async commitOf(revision) {
      const { modelInfo } = await import("@huggingface/hub");
      const { sha } = await asked(() =>
        modelInfo({ ...common, name: model, revision, additionalFields: ["sha"] })
      );
      if (typeof sha !== "string" || !COMMIT.test(sha)) throw broken("must have a commit", sha);
      return sha;
    },
    async filesOf(commit, names) {
      const { pathsInfo } = await import("@huggingface/hub");
      const repo = { type: "model", name: model } as const;
      const infos = await asked(() => pathsInfo({ ...common, repo, revision: commit, paths: [...names] }));
      return infos.filter(({ type, path }) => type === "file" && names.includes(path)).map(
        ({ path, size, oid, lfs, xetHash }): HubFile => {
          if (!Number.isSafeInteger(size) || size < 0) throw broken(`must have a size of ${path}`, size);
          if (lfs !== undefined) {
            return { name: path, bytes: size, hash: { algorithm: "sha256", digest: lfs.oid } };
          }
          // The hash of git is of a pointer where the bytes are kept elsewhere.
          const isInGit = oid !== undefined && xetHash === undefined;
          return { name: path, bytes: size, ...(isInGit ? { hash: { algorithm: "git", digest: oid } } : {}) };
        },
      );
    },
    async *download(commit, { name, bytes, hash }, received) {
      const abort = new AbortController();
      const late = () => abort.abort(new Error(`nothing came for ${patience} ms`));
      let timer = setTimeout(late, patience);
      const digest = createHash(hash?.algorithm === "sha256" ? "sha256" : "sha1");
      if (hash?.algorithm === "git") digest.update(`blob ${bytes}\0`);
      let count = 0;
      try {
        const url = `${hubUrl}/${model}/resolve/${commit}/${encodeURIComponent(name)}`;
        const headers: HeadersInit = token === undefined ? {} : { Authorization: `Bearer ${token}` };
        const response = await asked(() => fetch(url, { headers, signal: abort.signal }));
        if (!response.ok || response.body === null) {
          await response.body?.cancel();
          throw hubRefusal({ statusCode: response.status }, request);
        }
        await using reader = closing(response.body.getReader());
        while (true) {
          const { done, value } = await asked(() => reader.read());
          clearTimeout(timer);
          if (done) break;
          count += value.length;
          if (count > bytes) break;
          digest.update(value);
          received(count);
          yield value;
          timer = setTimeout(late, patience);
        }
      } finally {
        clearTimeout(timer);
      }
      if (count !== bytes) {
        throw broken(`must send ${bytes} bytes of ${name}`, count > bytes ? "more" : count);
      }
      const found = digest.digest("hex");
      if (hash !== undefined && hash.digest !== found) {
        throw broken(`must send ${name} as the model has it, of hash ${hash.digest}`, found);
      }
    },
  };
}

function closing(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
  return { read: () => reader.read(), [Symbol.asyncDispose]: () => reader.cancel().catch(() => {}) };
}
