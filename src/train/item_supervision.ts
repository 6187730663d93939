import type { ItemCodec } from "../codec/item_codec.ts";
import type { Uploaded } from "../device/arrays.ts";
import type { DecoderConfig } from "../model/config.ts";
import { type NextItemArrays, nextItemBatch, nextItemLoss, slateBatch } from "./next_item_loss.ts";
import { type SampledArrays, sampleItems } from "./sampled_items.ts";
import { BRANCHES, type Supervision } from "./supervision.ts";

/** Next-item cross-entropy where an item is a token: every position of a history predicts what came after it. */
export function itemSupervision(
  config: DecoderConfig,
  codec: ItemCodec,
  slate: "plackett-luce" | "autoregressive",
): Supervision {
  const items = codec.trie.children(codec.trie.root).length;
  return {
    constants: { config, items },

    async layOut(parameters, examples, firstRow, { cutoff, negatives, key: ofBatch }) {
      const key = firstRow === 0 ? ofBatch : ofBatch.split("part", firstRow);
      const { arrays } = slate === "autoregressive" && cutoff > 1
        ? await slateBatch(config, codec, parameters, examples, { cutoff, branches: BRANCHES, key })
        : nextItemBatch(config, codec, examples);
      const weight = examples.reduce(
        (sum, { targets }) => sum + targets.reduce((own, target) => own + target.weight, 0),
        0,
      );
      if (negatives === null) return { arrays, weight };
      const sampled = sampleItems(items, negatives, arrays.targets.data, key.split("negatives"));
      return { arrays: { ...arrays, ...sampled }, weight };
    },

    loss: (parameters, arrays, drop, { negatives }) =>
      nextItemLoss(
        config,
        items,
        parameters,
        arrays as Uploaded<NextItemArrays>,
        drop,
        negatives === null ? null : arrays as Uploaded<SampledArrays>,
      ),
  };
}
