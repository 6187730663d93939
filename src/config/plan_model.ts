import { join } from "@std/path";
import { idCodec } from "../codec/id_codec.ts";
import type { ItemCodec } from "../codec/item_codec.ts";
import { parsePrompt } from "../codec/prompt.ts";
import { textCodec } from "../codec/text_codec.ts";
import { readTokenizer } from "../codec/tokenizer.ts";
import type { Context } from "../core/context.ts";
import type { DataFile, Dataset, InteractionLog } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import { type FileStamps, stampFiles } from "../data/file_stamps.ts";
import { fingerprint } from "../data/fingerprint.ts";
import type { DecoderConfig } from "../model/config.ts";
import type { Lora } from "../model/lora.ts";
import { readAdapterConfig } from "../model/read_adapter.ts";
import { halfFormatOf } from "../model/load_weights.ts";
import { PEFT_FILES } from "../model/peft.ts";
import { pretrainedFolder } from "../model/pretrained_folder.ts";
import { scratchDecoder } from "../train/model.ts";
import { readCheckpointConfig } from "./read_checkpoint_config.ts";
import type { BladeConfig } from "./schema.ts";
import { semanticCatalog } from "./semantic_catalog.ts";

/** What a model is made of, before any of its weights is on a device. */
export interface ModelPlan {
  readonly codec: ItemCodec;
  readonly decoder: DecoderConfig;
  /** Names of the tokens that are added to the checkpoint's. */
  readonly addedTokens: readonly string[];
  /** The checkpoint's folder; null from scratch. */
  readonly folder: string | null;
  /** Files of the checkpoint, and of semantic ids, that decide what the model computes. */
  readonly files: readonly DataFile[];
  /** Those of a checkpoint as they were before any was read: its weights are read again when they are loaded. */
  readonly stamps: FileStamps;
  /** Tokens that it reads at most. */
  readonly positions: number;
  /** What a user should know of the items' names. */
  readonly notes: readonly string[];
}

/**
 * The decoder and the codec that a configuration describes, over a data set.
 *
 * @param train what semantic ids may be made from: what supervised training reads, no target of alignment
 * @throws {BladeError} when the checkpoint is missing or not supported, or items cannot be told apart.
 */
export async function planModel(
  config: BladeConfig,
  { catalog }: Dataset,
  train: InteractionLog,
): Promise<ModelPlan> {
  const { model } = config;
  if (model.pretrained === null) {
    const ids = model.codec === "semantic" ? await semanticCatalog(config, catalog, train, null) : null;
    const codec = ids?.codec ?? idCodec(catalog.ids.length);
    const decoder = { ...scratchDecoder(model, codec), recompute: model.recompute };
    return {
      ...{ codec, decoder, folder: null, positions: Infinity, notes: [] },
      addedTokens: [],
      files: ids?.files ?? [],
      stamps: new Map(),
    };
  }
  const { folder } = await pretrainedFolder(model.pretrained, {});
  const paths = [
    ...await checkpointPaths(folder),
    ...model.lora.from === null ? [] : adapterPaths(model.lora.from),
  ];
  const stamps = await stampFiles(paths);
  const checkpoint = await readCheckpointConfig(folder);
  const tokenizer = await readTokenizer(folder);
  const prompt = parsePrompt(model.prompt, "model.prompt");
  const { vocabulary } = checkpoint.decoder;
  const texts = model.codec === "text" ? textCodec(catalog, tokenizer, prompt, vocabulary) : null;
  const ids = texts === null
    ? await semanticCatalog(config, catalog, train, { folder, tokenizer, prompt, vocabulary })
    : null;
  const half = model.precision === "half" ? await halfFormatOf(folder) : null;
  if (model.precision === "half" && half === null) throw notHalf(folder);
  return {
    codec: texts ?? ids!.codec,
    decoder: {
      ...checkpoint.decoder,
      addedTokens: ids?.codec.tokens.length ?? 0,
      lora: model.train === "adapters" ? await loraOf(model.lora) : null,
      half,
      recompute: model.recompute,
    },
    addedTokens: ids?.codec.tokens ?? [],
    folder,
    files: [...await Promise.all(paths.map(fingerprint)), ...ids?.files ?? []],
    stamps,
    positions: checkpoint.positions,
    notes: texts === null || texts.renamed === 0 ? [] : [
      `${texts.renamed} items have no title or one of several items: their ids stand behind it in brackets`,
    ],
  };
}

/** The adapters that are asked for, or those of a folder that they start from. */
async function loraOf({ from, ...lora }: BladeConfig["model"]["lora"]): Promise<Lora> {
  return from === null ? lora : { ...await readAdapterConfig(from), dropout: lora.dropout };
}

/** What decides what the model computes. */
async function checkpointPaths(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  const read = names.filter((name) =>
    name.endsWith(".safetensors") || ["config.json", "tokenizer.json", "tokenizer_config.json"].includes(name)
  );
  return read.sort().map((name) => join(folder, name));
}

function adapterPaths(folder: string): string[] {
  return Object.values(PEFT_FILES).map((name) => join(folder, name));
}

/**
 * Refuses contexts that would be longer, with their slate, than what the model reads.
 *
 * @param cutoff items of the longest slate
 */
export function checkPromptLengths(
  { codec, positions }: ModelPlan,
  contexts: readonly Context[],
  cutoff: number,
): void {
  const room = positions - cutoff * codec.tokensPerItem - codec.opening.length - codec.closing.length;
  for (const { history } of contexts) {
    const read = history.reduce((sum, item) => sum + codec.encode(item).length, 0);
    if (read <= room) continue;
    throw new BladeError({
      place: "data.maxHistory",
      rule: `histories must leave room for a slate in the ${positions} tokens that the model reads: ${
        Math.max(0, room)
      } are theirs`,
      value: `${read} tokens in ${history.length} items`,
      mend: `set data.maxHistory to about ${
        Math.max(1, Math.floor(history.length * Math.max(0, room) / read))
      }`,
    });
  }
}

function notHalf(folder: string): BladeError {
  return new BladeError({
    place: "model.precision",
    rule: "half needs a checkpoint whose weights all are F16, or all BF16",
    value: folder,
    mend: "set model.precision to f32",
  });
}
