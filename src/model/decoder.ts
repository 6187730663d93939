import * as tf from "@tensorflow/tfjs";
import { addAlike, attention, headNorm, recompute, rmsNorm, rotary, swiglu } from "../device/ops.ts";
import type { DecoderConfig } from "./config.ts";
import { type Dropout, dropoutOfTokens, NO_DROPOUT } from "./dropout.ts";
import { parameter, type Parameters } from "./parameters.ts";
import { isAdapter, type Projection } from "./lora.ts";
import { project } from "./project.ts";
import { tidy } from "./tidy.ts";
import { lookUpTokens, type TokenTable } from "./token_table.ts";
import type { SequenceTensors } from "./sequences.ts";

/** Mixes positions: from rotated rows of queries, keys and values [n, (heads + 2·kvHeads)·head] to [n, heads·head]. */
export type Attention = (qkv: tf.Tensor2D) => tf.Tensor2D;

/** Takes some rows of a tensor that has one for each of rows·T tokens. */
export type KeepRows = (rows: tf.Tensor2D) => tf.Tensor2D;

/** What a pass may be told. */
export interface PassOptions {
  readonly drop?: Dropout;
  /** The tokens whose hidden states are wanted; all of them unless told. The last layer's work on others is spared. */
  readonly keep?: KeepRows;
  /** Is given each layer's rotated queries, keys and values, for a cache. */
  readonly onLayer?: (layer: number, qkv: tf.Tensor2D) => void;
}

const KEEP_ALL: KeepRows = (rows) => rows;

/** What a pass of the decoder leaves. */
export interface DecoderPass {
  /** The last hidden states of the tokens that were kept, normalised, [rows·T, width] where all were. */
  readonly hidden: tf.Tensor2D;
  /**
   * What scores of the hidden states are products with: taken from here, its gradient and that of the tokens that were
   * read are one table.
   */
  readonly table: TokenTable;
}

/** One pass of the decoder over sequences. Differentiable in `parameters`. */
export function decoderPass(
  config: DecoderConfig,
  parameters: Parameters,
  { tokens, isPick, positions, angles, spans, dropRows }: SequenceTensors,
  { drop: ofKept = NO_DROPOUT, keep = KEEP_ALL, onLayer }: PassOptions = {},
): DecoderPass {
  const drop = dropoutOfTokens(ofKept, dropRows);
  const { rows, table } = lookUpTokens(config, parameters, tf.reshape(tokens, [-1]));
  let x = drop.apply(markPicks(parameters, rows, isPick as tf.Tensor2D), "embedding") as tf.Tensor2D;
  for (let layer = 0; layer < config.layers; layer++) {
    const kept = layer === config.layers - 1 ? keep : KEEP_ALL;
    const block = (x: tf.Tensor2D, weights: Parameters, told?: (qkv: tf.Tensor2D) => void) => {
      const attend: Attention = (qkv) => {
        told?.(qkv);
        return attention(qkv, spans, config);
      };
      const drops = { drop, ofKept: kept === KEEP_ALL ? drop : ofKept };
      return decoderLayer(config, weights, layer, x, { positions, angles }, attend, drops, kept);
    };
    if (config.recompute && onLayer === undefined) {
      x = recomputed(config, block, x, weightsOfLayer(parameters, layer));
      continue;
    }
    // A pass without a gradient, and the end of one with it, holds the inside of one block at a time.
    const { next, told } = tidy(() => {
      const told: tf.Tensor2D[] = [];
      const next = block(x, parameters, (qkv) => onLayer && told.push(qkv));
      return { next, told };
    });
    for (const qkv of told) onLayer?.(layer, qkv);
    x = next;
  }
  return { hidden: rmsNorm(x, parameter(parameters, "norm"), config.normEpsilon), table };
}

/** The last hidden states alone, [rows·T, width] where all tokens are kept. */
export function hiddenStates(
  config: DecoderConfig,
  parameters: Parameters,
  sequences: SequenceTensors,
  options: PassOptions = {},
): tf.Tensor2D {
  return decoderPass(config, parameters, sequences, options).hidden;
}

/** Keeps the newest token of each row of `tokens` [rows, T]. */
export function keepLast({ shape }: tf.Tensor): KeepRows {
  const [rows, length] = shape as [number, number];
  return (all) => {
    const width = all.shape[1];
    const last = tf.slice(tf.reshape(all, [rows, length, width]), [0, length - 1, 0], [rows, 1, width]);
    return tf.reshape(last, [rows, width]);
  };
}

/** Keeps the tokens at flat positions [n] int32, in their order. */
export function keepAt(positions: tf.Tensor): KeepRows {
  return (all) => tf.gather(all, positions) as tf.Tensor2D;
}

/** A pick of a slate enters as one learned query, plus its own embedding behind a learned gate. */
function markPicks(parameters: Parameters, rows: tf.Tensor2D, isPick: tf.Tensor2D): tf.Tensor2D {
  const { pick, pickGate } = parameters;
  if (pick === undefined || pickGate === undefined) return rows;
  const gate = tf.add(tf.sub(1, isPick), tf.mul(isPick, pickGate));
  return tf.add(tf.mul(rows, gate), tf.mul(isPick, pick));
}

/** Dropout of a block: of all its tokens, and of those that are kept behind its attention. */
export interface LayerDropout {
  readonly drop: Dropout;
  readonly ofKept: Dropout;
}

/** One block: attention and SwiGLU, each on a normalised input and added to the residual stream. */
export function decoderLayer(
  config: DecoderConfig,
  parameters: Parameters,
  layer: number,
  x: tf.Tensor2D,
  { positions, angles }: Pick<SequenceTensors, "positions" | "angles">,
  attend: Attention,
  { drop, ofKept }: LayerDropout,
  keep: KeepRows = KEEP_ALL,
): tf.Tensor2D {
  const weight = (name: string) => parameter(parameters, `layers.${layer}.${name}`);
  const through = (name: Projection, x: tf.Tensor2D) =>
    project(config, parameters, layer, name, x, name === "qkv" ? drop : ofKept);
  const { heads, kvHeads, normEpsilon } = config;
  const projected = through("qkv", rmsNorm(x, weight("attentionNorm"), normEpsilon));
  const qkv = config.headNorms
    ? headNorm(projected, weight("queryNorm"), weight("keyNorm"), config, normEpsilon)
    : projected;
  const mixed = keep(attend(rotary(qkv, positions, angles, heads + kvHeads)));
  const attended = addAlike(
    keep(x),
    ofKept.apply(through("attentionOut", mixed), `attention ${layer}`) as tf.Tensor2D,
  );
  const inner = swiglu(through("gateUp", rmsNorm(attended, weight("feedForwardNorm"), normEpsilon)));
  return addAlike(attended, ofKept.apply(through("down", inner), `feed-forward ${layer}`) as tf.Tensor2D);
}

function weightsOfLayer(parameters: Parameters, layer: number): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).filter(([name]) => name.startsWith(`layers.${layer}.`)),
  );
}

/** A block whose inside is computed again for its gradient. What is frozen is no input of it. */
function recomputed(
  { lora }: DecoderConfig,
  block: (x: tf.Tensor2D, weights: Parameters) => tf.Tensor2D,
  x: tf.Tensor2D,
  weights: Parameters,
): tf.Tensor2D {
  const trained = Object.entries(weights).filter(([name]) => lora === null || isAdapter(name));
  return recompute(({ x, ...live }) => block(x as tf.Tensor2D, { ...weights, ...live }), {
    x: x as tf.Tensor,
    ...Object.fromEntries(trained),
  }) as tf.Tensor2D;
}

/** Scores of the first `items` tokens for hidden states [N, width] → [N, items], by the tied embedding. */
export function itemScores(parameters: Parameters, hidden: tf.Tensor2D, items: number): tf.Tensor2D {
  const embedding = parameter(parameters, "embedding");
  return tf.matMul(hidden, tf.slice(embedding, [0, 0], [items, embedding.shape[1]]), false, true);
}
