import { idCodec } from "../codec/id_codec.ts";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { DecoderConfig } from "../model/config.ts";
import { autoregressivePolicy } from "../rollout/autoregressive.ts";
import { plackettLucePolicy } from "../rollout/plackett_luce.ts";
import type { Policy } from "../rollout/policy.ts";

/** A decoder with its items and its distribution over slates; the weights are kept apart. */
export interface Model {
  readonly config: DecoderConfig;
  readonly codec: ItemCodec;
  readonly items: number;
  readonly policy: Policy;
  readonly slate: "plackett-luce" | "autoregressive";
  /** Dropout rate of supervised training. */
  readonly dropout: number;
}

/** What a configuration says of the model. */
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

/** A model over `items` items, one token each. */
export function createModel(options: ModelOptions, items: number): Model {
  const { slate, layers, width, heads, kvHeads, hidden, dropout, ropeBase, normEpsilon } = options;
  const codec = idCodec(items);
  const config: DecoderConfig = {
    vocabulary: codec.vocabulary,
    layers,
    width,
    heads,
    kvHeads,
    hidden,
    ropeBase,
    normEpsilon,
    marksPicks: slate === "autoregressive",
  };
  const policy = slate === "autoregressive"
    ? autoregressivePolicy(config, codec)
    : plackettLucePolicy(config, codec);
  return { config, codec, items, policy, slate, dropout };
}
