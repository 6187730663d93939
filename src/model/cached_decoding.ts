import * as tf from "@tensorflow/tfjs";
import { NO_DROPOUT } from "./dropout.ts";
import { decoderLayer, embed, hiddenStates } from "./decoder.ts";
import { type DecoderConfig, headWidth } from "./config.ts";
import { parameter, type Parameters } from "./parameters.ts";
import type { SequenceTensors } from "./sequences.ts";
import { rmsNorm } from "../device/ops.ts";

/** Keys and values of one layer, [rows, kvHeads, T, headWidth] each. */
export interface LayerCache {
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
}

/**
 * Keys and values of B histories, computed once, and of the picks that G slates of each have made since. The
 * history's part is never copied per slate: its queries are regrouped instead.
 */
export interface DecodingCache {
  readonly groupSize: number;
  readonly historyLength: number;
  /** [B, 1, 1, historyLength] 0 where a history token stands, −1e9 on padding. */
  readonly historyMask: tf.Tensor4D;
  readonly history: readonly LayerCache[];
  /** Per layer [B·G, kvHeads, picks, headWidth]; null before the first pick. */
  readonly picks: readonly LayerCache[] | null;
}

/** One pass over the histories: the cache, and the hidden state of each last position [B, width]. */
export function prefill(
  config: DecoderConfig,
  parameters: Parameters,
  histories: SequenceTensors,
  groupSize: number,
): { cache: DecodingCache; last: tf.Tensor2D } {
  const history: LayerCache[] = [];
  const [rows, historyLength] = histories.tokens.shape as [number, number];
  const hidden = hiddenStates(config, parameters, histories, NO_DROPOUT, (layer, qkv) => {
    const { keys, values } = headsOf(config, qkv, rows);
    history[layer] = { keys, values };
  });
  const last = tf.slice(tf.reshape(hidden, [rows, historyLength, config.width]), [0, historyLength - 1, 0], [
    rows,
    1,
    config.width,
  ]);
  // What the newest position may see is what every pick after it may see of the history.
  const oldest = tf.cast(tf.slice(histories.spans, [0, historyLength - 1, 2], [rows, 1, 1]), "float32");
  const unseen = tf.less(tf.reshape(tf.range(0, historyLength), [1, 1, historyLength]), oldest);
  const historyMask: tf.Tensor4D = tf.reshape(
    tf.mul(tf.cast(unseen, "float32"), -1e9),
    [rows, 1, 1, historyLength],
  );
  return {
    cache: { groupSize, historyLength, historyMask, history, picks: null },
    last: tf.reshape(last, [rows, config.width]),
  };
}

/**
 * The hidden state after one more pick per slate, [B·G, width], and the cache with it. New tensors; the caller
 * frees what it no longer needs (a `tf.tidy` around the decoding does).
 *
 * @param pick [B·G] int32 tokens.
 * @param angles rotary angles of history and picks
 */
export function decodePick(
  config: DecoderConfig,
  parameters: Parameters,
  cache: DecodingCache,
  pick: tf.Tensor1D,
  angles: tf.Tensor,
): { cache: DecodingCache; hidden: tf.Tensor2D } {
  const rows = pick.shape[0];
  const made = cache.picks?.[0]?.keys.shape[2] ?? 0;
  const place = { positions: tf.fill([rows], cache.historyLength + made, "int32"), angles };
  const picks: LayerCache[] = [];
  let x = embed(parameters, pick, tf.ones([rows, 1]));
  for (let layer = 0; layer < config.layers; layer++) {
    x = decoderLayer(config, parameters, layer, x, place, (qkv) => {
      const { queries, keys, values } = headsOf(config, qkv, rows);
      const before = cache.picks?.[layer];
      const own: LayerCache = before === undefined
        ? { keys, values }
        : { keys: tf.concat([before.keys, keys], 2), values: tf.concat([before.values, values], 2) };
      picks[layer] = own;
      return cachedAttention(config, queries, cache, cache.history[layer]!, own);
    }, NO_DROPOUT);
  }
  const hidden = rmsNorm(x, parameter(parameters, "norm"), config.normEpsilon);
  return { cache: { ...cache, picks }, hidden };
}

/** Queries, keys and values of rows [rows·T, …], [rows, heads or kvHeads, T, head] each. */
function headsOf(
  config: DecoderConfig,
  qkv: tf.Tensor2D,
  rows: number,
): LayerCache & { queries: tf.Tensor4D } {
  const head = headWidth(config);
  const sizes = [config.heads, config.kvHeads, config.kvHeads];
  const [queries, keys, values] = tf.split(qkv, sizes.map((count) => count * head), 1).map((part, i) =>
    tf.transpose(tf.reshape(part, [rows, -1, sizes[i]!, head]), [0, 2, 1, 3]) as tf.Tensor4D
  ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  return { queries, keys, values };
}

/** Attention of one query position per slate over its context's history and its own picks. */
function cachedAttention(
  config: DecoderConfig,
  queries: tf.Tensor4D,
  { groupSize, historyLength, historyMask }: DecodingCache,
  history: LayerCache,
  own: LayerCache,
): tf.Tensor2D {
  const { heads, kvHeads } = config;
  const head = headWidth(config);
  const shared = heads / kvHeads;
  const [rows] = queries.shape;
  const contexts = rows / groupSize;
  // [B·G, heads, 1, head] ⇄ [B, kvHeads, G·shared, head]: all slates of a context ask its history at once.
  const byContext = (t: tf.Tensor, width: number) =>
    tf.reshape(
      tf.transpose(tf.reshape(t, [contexts, groupSize, kvHeads, shared * width]), [0, 2, 1, 3]),
      [contexts, kvHeads, groupSize * shared, width],
    );
  const bySlate = (t: tf.Tensor, width: number) =>
    tf.reshape(
      tf.transpose(tf.reshape(t, [contexts, kvHeads, groupSize, shared * width]), [0, 2, 1, 3]),
      [rows, kvHeads, shared, width],
    );
  const scale = 1 / Math.sqrt(head);
  const onHistory = tf.add(
    tf.mul(tf.matMul(byContext(queries, head), history.keys, false, true), scale),
    historyMask,
  );
  const perSlate = tf.reshape(queries, [rows, kvHeads, shared, head]);
  const onPicks = tf.mul(tf.matMul(perSlate, own.keys, false, true), scale);
  const weights = tf.softmax(tf.concat([bySlate(onHistory, historyLength), onPicks], 3));
  const made = own.keys.shape[2];
  const [historyWeights, pickWeights] = tf.split(weights, [historyLength, made], 3) as [tf.Tensor, tf.Tensor];
  const fromHistory = bySlate(tf.matMul(byContext(historyWeights, historyLength), history.values), head);
  const mixed = tf.add(fromHistory, tf.matMul(pickWeights, own.values));
  return tf.reshape(mixed, [rows, heads * head]);
}

/** The cache with its slates taken from other slates (rows of [B·G]): what beam search needs. */
export function reorderPicks(cache: DecodingCache, from: tf.Tensor1D): DecodingCache {
  if (cache.picks === null) return cache;
  return {
    ...cache,
    picks: cache.picks.map(({ keys, values }) => ({
      keys: tf.gather(keys, from),
      values: tf.gather(values, from),
    })),
  };
}
