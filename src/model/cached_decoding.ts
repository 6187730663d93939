import * as tf from "@tensorflow/tfjs";
import { cachedAttention, emptyCache, rmsNorm } from "../device/ops.ts";
import type { DecoderConfig } from "./config.ts";
import { decoderLayer, hiddenStates, keepLast } from "./decoder.ts";
import { NO_DROPOUT } from "./dropout.ts";
import { parameter, type Parameters } from "./parameters.ts";
import type { SequenceTensors } from "./sequences.ts";
import { lookUpTokens } from "./token_table.ts";

/**
 * Keys and values of B histories, computed once, and of the picks that G slates of each have made since. A slate's part
 * is written in place.
 */
export interface DecodingCache {
  /** [B, T, 3] int32 spans of the histories. */
  readonly spans: tf.Tensor;
  /** Rotated queries, keys and values of the histories, per layer [B·T, (heads + 2·kvHeads)·head]. */
  readonly history: readonly tf.Tensor2D[];
  /** Keys and values of the picks, per layer [B·G, capacity, 2·kvHeads·head]. */
  readonly picks: readonly tf.Tensor[];
}

/**
 * One pass over the histories: the cache, and the hidden state of each last position [B, width].
 *
 * @param groupSize slates of a history
 * @param capacity picks of a slate that will be decoded, at most
 */
export function prefill(
  config: DecoderConfig,
  parameters: Parameters,
  histories: SequenceTensors,
  groupSize: number,
  capacity: number,
): { cache: DecodingCache; last: tf.Tensor2D } {
  const rows = histories.tokens.shape[0]!;
  const history: tf.Tensor2D[] = [];
  const last = hiddenStates(config, parameters, histories, {
    keep: keepLast(histories.tokens),
    onLayer: (_, qkv) => history.push(qkv),
  });
  const picks = history.map(() => emptyCache(rows * groupSize, capacity, config.kvHeads, config.headWidth));
  return { cache: { spans: histories.spans, history, picks }, last };
}

/**
 * The hidden state after one more pick per slate, [B·G, width]. The pick enters the cache.
 *
 * @param pick [B·G] int32 tokens.
 * @param at [1] int32: picks that are there already, under the capacity of the cache
 * @param angles rotary angles of history and picks
 */
export function decodePick(
  config: DecoderConfig,
  parameters: Parameters,
  cache: DecodingCache,
  pick: tf.Tensor,
  at: tf.Tensor,
  angles: tf.Tensor,
): tf.Tensor2D {
  const { spans, history, picks } = cache;
  const rows = pick.shape[0]!;
  const place = { positions: tf.add(tf.fill([rows], spans.shape[1]!, "int32"), at), angles };
  let x = embedPicks(config, parameters, pick);
  for (let layer = 0; layer < config.layers; layer++) {
    const attend = (qkv: tf.Tensor2D) =>
      cachedAttention(qkv, history[layer]!, spans, picks[layer]!, at, config);
    x = decoderLayer(config, parameters, layer, x, place, attend, { drop: NO_DROPOUT, ofKept: NO_DROPOUT });
  }
  return rmsNorm(x, parameter(parameters, "norm"), config.normEpsilon);
}

/** The rows of tokens that are all picks. */
function embedPicks(config: DecoderConfig, parameters: Parameters, tokens: tf.Tensor): tf.Tensor2D {
  const { rows } = lookUpTokens(config, parameters, tokens);
  const { pick, pickGate } = parameters;
  if (pick === undefined || pickGate === undefined) return rows;
  return tf.add(tf.mul(rows, pickGate), pick);
}

/** The cache with its slates taken from other slates (rows of [B·G]): what beam search needs. */
export function reorderPicks(cache: DecodingCache, from: tf.Tensor1D): DecodingCache {
  return { ...cache, picks: cache.picks.map((kept) => tf.gather(kept, from)) };
}
