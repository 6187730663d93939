import { coOccurrenceEmbedding } from "../codec/co_occurrence.ts";
import { parseIndexJson } from "../codec/index_json.ts";
import type { Prompt } from "../codec/prompt.ts";
import { residualKMeans } from "../codec/residual_k_means.ts";
import { type SemanticCodec, semanticCodec } from "../codec/semantic_codec.ts";
import { type SemanticIds, semanticIds } from "../codec/semantic_ids.ts";
import type { TextTokenizer } from "../codec/tokenizer.ts";
import type { Catalog, DataFile, InteractionLog } from "../core/dataset.ts";
import { openText } from "../data/text_file.ts";
import { openWeightFiles } from "../model/weight_files.ts";
import { randomKey } from "../numerics/random.ts";
import type { BladeConfig } from "./schema.ts";

/** A model that reads text: what ids stand between, and what titles mean to it. */
export interface Reader {
  readonly folder: string;
  readonly tokenizer: TextTokenizer;
  readonly prompt: Prompt;
  readonly vocabulary: number;
}

/** Interactions of a user within which two items count as met together. */
const WINDOW = 5;

/** Rounds of k-means at most. */
const ITERATIONS = 50;

/**
 * The semantic ids of a catalog: from who follows whom in train, from what a model makes of titles, or from a file.
 *
 * @param reader the pretrained model; null from scratch
 */
export async function semanticCatalog(
  config: BladeConfig,
  catalog: Catalog,
  train: InteractionLog,
  reader: Reader | null,
): Promise<{ readonly codec: SemanticCodec; readonly files: readonly DataFile[] }> {
  const { ids, files } = await idsOf(config, catalog, train, reader);
  const name = (item: number) => `item ${catalog.ids[item]}`;
  const around = reader && {
    vocabulary: reader.vocabulary,
    opening: reader.tokenizer.encodeStart(reader.prompt.opening),
    closing: reader.tokenizer.encode(reader.prompt.closing),
  };
  return { codec: semanticCodec(ids, name, around), files };
}

async function idsOf(
  { seed, model: { semantic } }: BladeConfig,
  catalog: Catalog,
  train: InteractionLog,
  reader: Reader | null,
): Promise<{ ids: SemanticIds; files: readonly DataFile[] }> {
  if (semantic.file !== null) {
    const file = await openText(semantic.file, "utf-8");
    try {
      const text = (await Array.fromAsync(file.text)).join("");
      return { ids: parseIndexJson(text, catalog.ids, semantic.file), files: [file.fingerprint()] };
    } finally {
      file.close();
    }
  }
  const key = randomKey(seed).split("semantic ids");
  const items = catalog.ids.length;
  const { vectors, width } = semantic.from === "titles" ? await titleEmbeddings(catalog, reader!) : {
    vectors: coOccurrenceEmbedding(train, { items, width: semantic.width, window: WINDOW, key }),
    width: semantic.width,
  };
  const { levels, codes } = semantic;
  const found = residualKMeans(vectors, { items, width, levels, codes, iterations: ITERATIONS, key });
  return { ids: semanticIds(found.codes, { levels }), files: [] };
}

/** [items, width] mean of the model's embeddings of a title's tokens; zeros for an item without a title. */
async function titleEmbeddings(
  { titles }: Catalog,
  { folder, tokenizer }: Reader,
): Promise<{ vectors: Float32Array; width: number }> {
  using files = await openWeightFiles(folder);
  const name = "model.embed_tokens.weight";
  const table = await files.readFloats(name);
  const width = files.tensors.get(name)!.shape[1]!;
  const vectors = new Float32Array(titles.length * width);
  titles.forEach((title, item) => {
    const tokens = tokenizer.encode(title);
    const own = vectors.subarray(item * width, (item + 1) * width);
    for (const token of tokens) {
      for (let i = 0; i < width; i++) own[i]! += table[token * width + i]! / tokens.length;
    }
  });
  return { vectors, width };
}
