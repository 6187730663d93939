import * as tf from "@tensorflow/tfjs";
import { attentionSoftmax, rmsNorm, rotary, swiglu } from "../device/ops.ts";
import { type DecoderConfig, headWidth } from "./config.ts";
import { type Dropout, NO_DROPOUT } from "./dropout.ts";
import { parameter, type Parameters } from "./parameters.ts";
import type { SequenceBatch } from "./sequences.ts";

/** Keys and values of one layer, [rows, kvHeads, T, headWidth] each. */
export interface LayerCache {
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
}

/** How a layer mixes positions: from queries [rows, heads, T, head], keys and values [rows, kvHeads, T, head] to [rows·T, heads·head]. */
export type Attention = (queries: tf.Tensor4D, keys: tf.Tensor4D, values: tf.Tensor4D) => tf.Tensor2D;

/**
 * The decoder's last hidden states, normalised, [rows·T, width]. Differentiable in `parameters`.
 *
 * @param onLayer is given each layer's keys and values, for a cache.
 */
export function hiddenStates(
  config: DecoderConfig,
  parameters: Parameters,
  batch: SequenceBatch,
  drop: Dropout = NO_DROPOUT,
  onLayer?: (layer: number, cache: LayerCache) => void,
): tf.Tensor2D {
  const { rows, length, mask, cos, sin } = batch;
  let x: tf.Tensor = drop.apply(embed(parameters, batch.tokens, batch.isPick), "embedding");
  for (let layer = 0; layer < config.layers; layer++) {
    const attend: Attention = (queries, keys, values) => {
      onLayer?.(layer, { keys, values });
      return maskedAttention(config, queries, keys, values, mask);
    };
    x = decoderLayer(config, parameters, layer, x as tf.Tensor2D, { rows, length, cos, sin }, attend, drop);
  }
  return rmsNorm(x as tf.Tensor2D, parameter(parameters, "norm"), config.normEpsilon);
}

/**
 * Token embeddings, [positions, width]. A pick of a slate enters as one learned query, plus its own embedding behind a
 * learned gate.
 */
export function embed(parameters: Parameters, tokens: tf.Tensor1D, isPick: tf.Tensor2D | null): tf.Tensor2D {
  const tokenRows = tf.gather(parameter(parameters, "embedding"), tokens);
  const { pick, pickGate } = parameters;
  if (pick === undefined || pickGate === undefined) return tokenRows;
  const marks = isPick ?? tf.zeros([1, 1]);
  const gate = tf.add(tf.sub(1, marks), tf.mul(marks, pickGate));
  return tf.add(tf.mul(tokenRows, gate), tf.mul(marks, pick));
}

/** One block: attention and SwiGLU, each on a normalised input and added to the residual stream. */
export function decoderLayer(
  config: DecoderConfig,
  parameters: Parameters,
  layer: number,
  x: tf.Tensor2D,
  { rows, length, cos, sin }: { rows: number; length: number; cos: tf.Tensor4D; sin: tf.Tensor4D },
  attend: Attention,
  drop: Dropout,
): tf.Tensor2D {
  const weight = (name: string) => parameter(parameters, `layers.${layer}.${name}`);
  const { heads, kvHeads, normEpsilon } = config;
  const head = headWidth(config);
  const perHead = (t: tf.Tensor, count: number) =>
    tf.transpose(tf.reshape(t, [rows, length, count, head]), [0, 2, 1, 3]) as tf.Tensor4D;

  const normed = rmsNorm(x, weight("attentionNorm"), normEpsilon);
  const [q, k, v] = tf.split(
    tf.matMul(normed, weight("qkv")),
    [heads * head, kvHeads * head, kvHeads * head],
    1,
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const mixed = attend(
    rotary(perHead(q, heads), cos, sin) as tf.Tensor4D,
    rotary(perHead(k, kvHeads), cos, sin) as tf.Tensor4D,
    perHead(v, kvHeads),
  );
  const attended = tf.add(x, drop.apply(tf.matMul(mixed, weight("attentionOut")), `attention ${layer}`));
  const inner = swiglu(
    tf.matMul(rmsNorm(attended as tf.Tensor2D, weight("feedForwardNorm"), normEpsilon), weight("gateUp")),
  );
  return tf.add(
    attended,
    drop.apply(tf.matMul(inner, weight("down")), `feed-forward ${layer}`),
  ) as tf.Tensor2D;
}

/** Softmax attention under an additive mask [rows, 1, heads/kvHeads·T, T]. */
export function maskedAttention(
  config: DecoderConfig,
  queries: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  mask: tf.Tensor4D,
): tf.Tensor2D {
  const { heads, kvHeads } = config;
  const head = headWidth(config);
  const [rows, , length] = queries.shape;
  const grouped = tf.reshape(queries, [rows, kvHeads, heads / kvHeads * length, head]);
  const weights = attentionSoftmax(tf.matMul(grouped, keys, false, true), mask, 1 / Math.sqrt(head));
  return mergeHeads(tf.reshape(tf.matMul(weights, values), [rows, heads, length, head]));
}

/** [rows, heads, T, head] → [rows·T, heads·head] */
export function mergeHeads(perHead: tf.Tensor4D): tf.Tensor2D {
  const [rows, heads, length, head] = perHead.shape;
  return tf.reshape(tf.transpose(perHead, [0, 2, 1, 3]), [rows * length, heads * head]);
}

/** Scores of the first `items` tokens for hidden states [N, width] → [N, items], by the tied embedding. */
export function itemScores(parameters: Parameters, hidden: tf.Tensor2D, items: number): tf.Tensor2D {
  const embedding = parameter(parameters, "embedding");
  return tf.matMul(hidden, tf.slice(embedding, [0, 0], [items, embedding.shape[1]]), false, true);
}
