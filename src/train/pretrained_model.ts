import type { ItemCodec } from "../codec/item_codec.ts";
import { addedRows } from "../model/added_rows.ts";
import type { DecoderConfig } from "../model/config.ts";
import { loadWeights } from "../model/load_weights.ts";
import { initialParameters } from "../model/parameters.ts";
import { readAdapter } from "../model/read_adapter.ts";
import type { RandomKey } from "../numerics/random.ts";
import { type Model, tokenModel } from "./model.ts";

/**
 * A model that starts from a checkpoint. With adapters its weights go to the device now and stay as they are; without,
 * they go there when training starts from them, and all of them change.
 *
 * @param folder in Hugging Face layout
 * @param adapter folder of adapters to start from; null for fresh ones
 */
export async function pretrainedModel(
  folder: string,
  config: DecoderConfig,
  codec: ItemCodec,
  adapter: string | null,
): Promise<Model> {
  if (config.lora === null) {
    const start = async (key: RandomKey) => {
      const loaded = await loadWeights(folder, config);
      return { ...loaded, ...addedRows(config, loaded, key) };
    };
    return tokenModel({ config, codec, dropout: 0, frozen: {}, start });
  }
  const frozen = await loadWeights(folder, config);
  const start = async (key: RandomKey) => {
    if (adapter !== null) return await readAdapter(adapter, config);
    const { embeddingAdded, headAdded, ...adapters } = initialParameters(config, key);
    embeddingAdded?.dispose();
    headAdded?.dispose();
    return { ...adapters, ...addedRows(config, frozen, key) };
  };
  return tokenModel({ config, codec, dropout: config.lora.dropout, frozen, start });
}
