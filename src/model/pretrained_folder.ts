import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import { COMMIT, type ModelCache, modelCache } from "./hub_cache.ts";
import { hubClient } from "./hub_client.ts";
import { CONFIG, fetchFiles } from "./hub_files.ts";
import { cacheRefusal, type HubRequest } from "./hub_refusal.ts";
import { type HubSpec, parsePretrained } from "./pretrained_spec.ts";

/** How a model of the hub is fetched. */
export interface PretrainedOptions {
  /** Told what is downloaded, and how far it is. */
  readonly progress?: (message: string) => void;
  /** Folder to keep downloads in, when not the one that the environment names, or `runs/.hub`. */
  readonly cache?: string;
  /** Address of the hub. */
  readonly hubUrl?: string;
  /** Variables of the environment; those of the process when left out. */
  readonly environment?: (name: string) => string | undefined;
  /** Milliseconds without a byte after which the hub counts as out of reach. A minute when left out. */
  readonly patience?: number;
}

/** A model on this machine. */
export interface PretrainedFolder {
  /** Holds config.json and the weights. */
  readonly folder: string;
  /** The commit of a model of the hub; null for a folder that was named. */
  readonly revision: string | null;
}

const MINUTE_MS = 60_000;

/**
 * The folder of a pretrained model: a path as it is, which must hold config.json, or a model of the Hugging Face hub,
 * `hf:org/name` or `hf:org/name@revision`, downloaded unless it is there.
 *
 * Downloaded are config.json, tokenizer.json, tokenizer_config.json and generation_config.json where there are such,
 * and the weights: model.safetensors, or model.safetensors.index.json and the shards that it names; nothing else. They
 * are kept under `runs/.hub`, where the program may write with `-P=hub`, unless HF_HUB_CACHE names a folder, or
 * HF_HOME one that holds `hub`: then there, in Hugging Face's own layout. HF_TOKEN is sent to the hub if it is set. A
 * file has its name only once it is complete and its hash is right. For a full commit hash whose files are all there,
 * no network is needed.
 *
 * @throws {BladeError} when there is no such model, or the hub, the network or a permission keeps it from being had
 * @example
 * ```ts
 * import { pretrainedFolder } from "./pretrained_folder.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await assertRejects(() => pretrainedFolder(folder), Error, "must hold config.json");
 * await Deno.writeTextFile(`${folder}/config.json`, "{}");
 * assertEquals(await pretrainedFolder(folder), { folder, revision: null });
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function pretrainedFolder(
  spec: string,
  options: PretrainedOptions = {},
): Promise<PretrainedFolder> {
  const parsed = parsePretrained(spec);
  if ("path" in parsed) return { folder: await localFolder(parsed.path), revision: null };
  const { environment = variable } = options;
  const folder = options.cache ?? cacheFolder(environment);
  const { model, revision } = parsed;
  const cache = modelCache(folder, model);
  const commit = COMMIT.test(revision) && await cache.isWhole(revision)
    ? revision
    : await fetchModel(parsed, cache, folder, { ...options, environment });
  return { folder: cache.snapshotOf(commit), revision: commit };
}

/** As Hugging Face's own tools choose it, but for the last: in the home folder the program may not write. */
function cacheFolder(environment: (name: string) => string | undefined): string {
  const [cache, home] = [environment("HF_HUB_CACHE"), environment("HF_HOME")];
  return cache || (home ? join(home, "hub") : join("runs", ".hub"));
}

async function localFolder(path: string): Promise<string> {
  const mend =
    "name a folder as save_pretrained() of transformers writes it, or hf:org/name for a model of the " +
    "Hugging Face hub";
  try {
    if ((await Deno.stat(join(path, CONFIG))).isFile) return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    const isFolder = await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
    if (!isFolder) throw new BladeError({ place: path, rule: "must be a folder that exists", mend });
  }
  throw new BladeError({ place: path, rule: `must hold ${CONFIG}`, mend });
}

async function fetchModel(
  { model, revision }: HubSpec,
  cache: ModelCache,
  folder: string,
  options: PretrainedOptions & { readonly environment: (name: string) => string | undefined },
): Promise<string> {
  const { progress = () => {}, hubUrl = "https://huggingface.co", patience = MINUTE_MS, environment } =
    options;
  const token = tokenOf(environment("HF_TOKEN"));
  const known = await cache.commitOf(revision);
  const request: HubRequest = {
    spec: `hf:${model}@${revision}`,
    page: `${hubUrl}/${model}`,
    hasToken: token !== undefined,
    cached: known !== undefined && await cache.isWhole(known) ? `hf:${model}@${known}` : undefined,
  };
  const hub = hubClient({ model, hubUrl, token, patience }, request);
  const commit = COMMIT.test(revision) ? revision : await hub.commitOf(revision);
  try {
    if (!await cache.isWhole(commit)) {
      await cache.seal(commit, await fetchFiles(hub, cache, commit, request.spec, progress));
    }
    if (commit !== revision && commit !== known) await cache.name(revision, commit);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable && /write access/.test(error.message)) {
      throw cacheRefusal(folder);
    }
    throw error;
  }
  return commit;
}

function tokenOf(value: string | undefined): string | undefined {
  const token = value?.trim() ?? "";
  if (token === "") return undefined;
  if (/^hf_\w+$/.test(token)) return token;
  const mend = "set it to a token of huggingface.co/settings/tokens, or unset it";
  throw new BladeError({
    place: "HF_TOKEN",
    rule: "must begin with hf_, and letters and digits follow",
    mend,
  });
}

/** Without leave to read a variable, there is none. */
function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
