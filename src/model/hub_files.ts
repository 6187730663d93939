import { format as formatBytes } from "@std/fmt/bytes";
import { join } from "@std/path";
import { BladeError } from "../core/errors.ts";
import type { ModelCache } from "./hub_cache.ts";
import type { HubClient, HubFile } from "./hub_client.ts";
import { MAX_INDEX_BYTES, noWeights, parseIndex, WEIGHTS } from "./weight_shards.ts";

/** The file that makes a folder a model. */
export const CONFIG = "config.json";

const BESIDE = ["tokenizer.json", "tokenizer_config.json", "generation_config.json"];

/** Asked for only to say what is there in place of weights that can be read. */
const PICKLED = ["pytorch_model.bin", "pytorch_model.bin.index.json"];

/**
 * Downloads what a model needs into the cache, except what is there, small files first: what is wrong with a model
 * shows before its weights are fetched.
 *
 * @param spec what messages call the model
 * @param progress told of each file, and of every tenth of a large one
 * @returns all files of the model that are needed
 * @throws {BladeError} when the model lacks config.json or weights that can be read
 */
export async function fetchFiles(
  hub: HubClient,
  cache: ModelCache,
  commit: string,
  spec: string,
  progress: (message: string) => void,
): Promise<HubFile[]> {
  const there = await hub.filesOf(commit, [CONFIG, ...BESIDE, WEIGHTS.whole, WEIGHTS.index, ...PICKLED]);
  const named = (name: string) => there.find((file) => file.name === name);
  if (named(CONFIG) === undefined) {
    const mend = "name a model of transformers, whose page lists config.json among its files";
    throw new BladeError({ place: spec, rule: `must hold ${CONFIG}`, mend });
  }
  const [whole, index] = [named(WEIGHTS.whole), named(WEIGHTS.index)];
  if (whole === undefined && index === undefined) throw noWeights(spec, there.map(({ name }) => name));

  const fetchAll = async (files: readonly HubFile[]) => {
    for (const file of files) {
      if (await cache.holds(commit, file)) continue;
      await cache.receive(commit, file.name, hub.download(commit, file, announce(spec, file, progress)));
    }
  };
  const small = there.filter(({ name }) => name === CONFIG || BESIDE.includes(name));
  await fetchAll(small);
  if (whole !== undefined) {
    await fetchAll([whole]);
    return [...small, whole];
  }
  await fetchAll([index!]);
  const shards = await shardsOf(hub, commit, spec, index!, join(cache.snapshotOf(commit), WEIGHTS.index));
  await fetchAll(shards);
  return [...small, index!, ...shards];
}

async function shardsOf(
  hub: HubClient,
  commit: string,
  spec: string,
  index: HubFile,
  path: string,
): Promise<HubFile[]> {
  const refuse = (rule: string, value: unknown): never => {
    throw new BladeError({ place: spec, rule, value, mend: "name another revision, or another model" });
  };
  if (index.bytes > MAX_INDEX_BYTES) {
    refuse(`must have at most ${MAX_INDEX_BYTES} bytes in ${index.name}`, index.bytes);
  }
  const names = [...new Set(parseIndex(await Deno.readTextFile(path), path).values())];
  const shards = await hub.filesOf(commit, names);
  const missing = names.find((name) => !shards.some((shard) => shard.name === name));
  if (missing !== undefined) refuse(`must hold every shard that ${index.name} names, and lacks one`, missing);
  return shards;
}

function announce(spec: string, { name, bytes }: HubFile, progress: (message: string) => void) {
  progress(`${spec}: ${name}, ${formatBytes(bytes)}`);
  let told = 0;
  return (received: number) => {
    const tenths = Math.floor(10 * received / bytes);
    if (bytes < LARGE_BYTES || tenths === told || tenths === 10) return;
    told = tenths;
    progress(`${spec}: ${name}, ${formatBytes(received)} of ${formatBytes(bytes)}`);
  };
}

const LARGE_BYTES = 50_000_000;
