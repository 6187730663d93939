import * as tf from "@tensorflow/tfjs";
import { cachedAttention, emptyCache, rmsNorm } from "../device/ops.ts";
import { type DecoderConfig, headWidth } from "./config.ts";
import { decoderLayer, hiddenStates, keepLast } from "./decoder.ts";
import { NO_DROPOUT } from "./dropout.ts";
import { parameter, type Parameters } from "./parameters.ts";
import type { SequenceTensors } from "./sequences.ts";

/**
 * Keys and values of B histories, computed once, and of the picks that G slates of each have made since. A slate's part
 * is written in place, so that of two caches that share it only the one decoded last is right.
 */
export interface DecodingCache {
  /** [B, T, 3] int32 spans of the histories. */
  readonly spans: tf.Tensor;
  /** Rotated queries, keys and values of the histories, per layer [B·T, (heads + 2·kvHeads)·head]. */
  readonly history: readonly tf.Tensor2D[];
  /** Keys and values of the picks, per layer [B·G, capacity, 2·kvHeads·head]. */
  readonly picks: readonly tf.Tensor[];
  /** Picks that are there. */
  readonly made: number;
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
  const picks = history.map(() => emptyCache(rows * groupSize, capacity, config.kvHeads, headWidth(config)));
  return { cache: { spans: histories.spans, history, picks, made: 0 }, last };
}

/**
 * The hidden state after one more pick per slate, [B·G, width], and the cache with it.
 *
 * @param pick [B·G] int32 tokens.
 * @param angles rotary angles of history and picks
 */
export function decodePick(
  config: DecoderConfig,
  parameters: Parameters,
  cache: DecodingCache,
  pick: tf.Tensor,
  angles: tf.Tensor,
): { cache: DecodingCache; hidden: tf.Tensor2D } {
  const { spans, history, picks, made } = cache;
  const rows = pick.shape[0]!;
  const place = { positions: tf.fill([rows], spans.shape[1]! + made, "int32"), angles };
  let x = embedPicks(parameters, pick);
  for (let layer = 0; layer < config.layers; layer++) {
    const attend = (qkv: tf.Tensor2D) =>
      cachedAttention(qkv, history[layer]!, spans, picks[layer]!, made, config);
    x = decoderLayer(config, parameters, layer, x, place, attend, NO_DROPOUT);
  }
  const hidden = rmsNorm(x, parameter(parameters, "norm"), config.normEpsilon);
  return { cache: { ...cache, made: made + 1 }, hidden };
}

/** `embed` where every token is a pick. */
function embedPicks(parameters: Parameters, tokens: tf.Tensor): tf.Tensor2D {
  const rows = tf.gather(parameter(parameters, "embedding"), tokens) as tf.Tensor2D;
  const { pick, pickGate } = parameters;
  if (pick === undefined || pickGate === undefined) return rows;
  return tf.add(tf.mul(rows, pickGate), pick);
}

/** The cache with its slates taken from other slates (rows of [B·G]): what beam search needs. */
export function reorderPicks(cache: DecodingCache, from: tf.Tensor1D): DecodingCache {
  return { ...cache, picks: cache.picks.map((kept) => tf.gather(kept, from)) };
}
