import type { ItemCodec } from "../codec/item_codec.ts";
import { addedRows } from "../model/added_rows.ts";
import type { DecoderConfig } from "../model/config.ts";
import { loadWeights } from "../model/load_weights.ts";
import { initialParameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { type Model, tokenModel } from "./model.ts";

/**
 * A model that starts from a checkpoint. With adapters its weights go to the device now and stay as they are; without,
 * they go there when training starts from them, and all of them change.
 *
 * @param folder in Hugging Face layout
 */
export async function pretrainedModel(
  folder: string,
  config: DecoderConfig,
  codec: ItemCodec,
): Promise<Model> {
  if (config.lora === null) {
    const start = async (key: RandomKey) => {
      const loaded = await loadWeights(folder, config);
      return { ...loaded, ...addedRows(config, loaded, key) };
    };
    return tokenModel({ config, codec, dropout: 0, frozen: {}, start });
  }
  const frozen = await loadWeights(folder, config);
  const start = (key: RandomKey) => {
    const { embeddingAdded, headAdded, ...adapters } = initialParameters(config, key);
    embeddingAdded?.dispose();
    headAdded?.dispose();
    return Promise.resolve({ ...adapters, ...addedRows(config, frozen, key) });
  };
  return tokenModel({ config, codec, dropout: config.lora.dropout, frozen, start });
}
