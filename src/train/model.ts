import { idCodec } from "../codec/id_codec.ts";
import type { ItemCodec } from "../codec/item_codec.ts";
import { type DecoderConfig, plainDecoder } from "../model/config.ts";
import { initialParameters, type Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { autoregressivePolicy } from "../rollout/autoregressive.ts";
import { plackettLucePolicy } from "../rollout/plackett_luce.ts";
import type { Policy } from "../rollout/policy.ts";
import { tokenPolicy } from "../rollout/token_policy.ts";
import { itemSupervision } from "./item_supervision.ts";
import type { Supervision } from "./supervision.ts";
import { tokenSupervision } from "./token_supervision.ts";

/** A decoder with its items and its distribution over slates; the weights that training changes are kept apart. */
export interface Model {
  readonly config: DecoderConfig;
  readonly codec: ItemCodec;
  readonly items: number;
  readonly policy: Policy;
  readonly supervision: Supervision;
  readonly slate: "plackett-luce" | "autoregressive";
  /** Dropout rate of supervised training. */
  readonly dropout: number;
  /** What training starts from, the caller's to free. */
  start(key: RandomKey): Promise<Parameters>;
}

/** What a configuration says of a model that is trained from scratch. */
export interface ModelOptions {
  readonly slate: Model["slate"];
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly hidden: number;
  readonly dropout: number;
  readonly ropeBase: number;
  readonly normEpsilon: number;
}

/**
 * A model from scratch.
 *
 * @param items a number of items of one token each, or what says how each item becomes several
 */
export function createModel(options: ModelOptions, items: number | ItemCodec): Model {
  const codec = typeof items === "number" ? idCodec(items) : items;
  return modelFromScratch(scratchDecoder(options, codec), codec, options);
}

/** The decoder that a configuration describes, for the tokens of a codec. */
export function scratchDecoder(options: ModelOptions, codec: ItemCodec): DecoderConfig {
  const { layers, width, heads, kvHeads, hidden, ropeBase, normEpsilon } = options;
  return plainDecoder({
    ...{ layers, width, heads, kvHeads, hidden, ropeBase, normEpsilon },
    vocabulary: codec.vocabulary,
    marksPicks: options.slate === "autoregressive" && codec.tokenIsItem,
  });
}

/** A model whose weights are drawn, and all trained. */
export function modelFromScratch(
  config: DecoderConfig,
  codec: ItemCodec,
  { slate, dropout }: Pick<ModelOptions, "slate" | "dropout">,
): Model {
  const start = (key: RandomKey) => Promise.resolve(initialParameters(config, key));
  if (!codec.tokenIsItem) return tokenModel({ config, codec, dropout, frozen: {}, start });
  const policy = slate === "autoregressive"
    ? autoregressivePolicy(config, codec)
    : plackettLucePolicy(config, codec);
  const supervision = itemSupervision(config, codec, slate);
  return { config, codec, items: itemsOf(codec), policy, supervision, slate, dropout, start };
}

/**
 * A model whose items are several tokens each.
 *
 * @param o.frozen weights that training does not change; they live as long as the model
 */
export function tokenModel(
  o: Pick<Model, "config" | "codec" | "dropout" | "start"> & { readonly frozen: Parameters },
): Model {
  const { config, codec, dropout, frozen, start } = o;
  const policy = tokenPolicy(config, codec, frozen);
  const supervision = tokenSupervision(config, codec, policy);
  return {
    config,
    codec,
    items: itemsOf(codec),
    policy,
    supervision,
    slate: "autoregressive",
    dropout,
    start,
  };
}

function itemsOf({ trie }: ItemCodec): number {
  return trie.to(trie.root) - trie.from(trie.root);
}
