import type { ItemCodec } from "../codec/item_codec.ts";
import type { Uploaded } from "../device/arrays.ts";
import type { DecoderConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import type { Policy } from "./policy.ts";
import { decodeInPasses } from "./token_decoding.ts";
import { layOutTokens, type TokenArrays, tokenLogProb } from "./token_log_prob.ts";

/**
 * Slates whose items are several tokens each, as titles and semantic ids are: every token is drawn among those that lead
 * to an unseen and unpicked item, log π = Σ_t log softmax(scores over what the trie allows)_(token t). So the probability
 * of an item is the product over its tokens, and over all items that may be picked these sum to 1.
 *
 * @param frozen weights that training does not change; `parameters` of every call are the others
 */
export function tokenPolicy(config: DecoderConfig, codec: ItemCodec, frozen: Parameters): Policy {
  const whole = (parameters: Parameters): Parameters => ({ ...frozen, ...parameters });
  return {
    constants: { slate: "tokens", config },
    frozen,

    async sample(parameters, contexts, options) {
      const { scores: _, ...slates } = await decodeInPasses(
        config,
        codec,
        whole(parameters),
        contexts,
        options,
      );
      return slates;
    },

    rank: (parameters, contexts, { cutoff }) =>
      decodeInPasses(config, codec, whole(parameters), contexts, { groupSize: 1, cutoff, key: null }),

    layOut: (contexts, slates) => layOutTokens(config, codec, contexts, slates),

    logProb: (parameters, arrays, _shape, drop) =>
      tokenLogProb(config, whole(parameters), arrays as Uploaded<TokenArrays>, drop),
  };
}
