import * as tf from "@tensorflow/tfjs-core";
import { hasFused, runFused } from "./fused.ts";

/** How queries, keys and values lie side by side in a row: `heads` queries, then `kvHeads` keys, then as many values. */
export interface HeadShape {
  readonly heads: number;
  /** Each serves heads / kvHeads query heads that follow each other. */
  readonly kvHeads: number;
}

/**
 * Grouped-query softmax attention (arXiv 2305.13245) among the tokens of each row, scaled by 1/√head. A token sees the
 * columns `from` … `to`−1 and `own` … itself of its row. Not differentiable in the spans.
 *
 * @param qkv [rows·T, (heads + 2·kvHeads)·head]
 * @param spans [rows, T, 3] int32: from, to and own of each token
 * @returns [rows·T, heads·head]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { attention } from "./ops_attention.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const qkv = tf.tensor2d([[0, 0, 2], [0, 0, 4]]); // query, key and value of two tokens
 * const spans = tf.tensor3d([[[0, 0, 0], [0, 0, 0]]], [1, 2, 3], "int32"); // each sees itself and what is before it
 * const mixed = attention(qkv, spans, { heads: 1, kvHeads: 1 });
 * assertEquals([...mixed.dataSync()], [2, 3]);
 * ```
 */
export function attention(qkv: tf.Tensor2D, spans: tf.Tensor, shape: HeadShape): tf.Tensor2D {
  if (!hasFused("attention")) return composed(qkv, spans, shape);
  const attributes = { ...shape };
  const mixed = tf.customGrad((...args) => {
    const [qkv, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const [value, logTotals] = runFused("attention", { qkv, spans }, attributes) as [tf.Tensor, tf.Tensor];
    save([qkv, spans, value, logTotals]);
    return {
      value,
      gradFunc: (dy, saved) => {
        const [qkv, spans, value, logTotals] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        return runFused("attentionGrad", { qkv, spans, value, logTotals, dy }, attributes)[0]!;
      },
    };
  });
  return mixed(qkv) as tf.Tensor2D;
}

const HIDDEN = -1e9;

function composed(qkv: tf.Tensor2D, spans: tf.Tensor, { heads, kvHeads }: HeadShape): tf.Tensor2D {
  const [rows, length] = spans.shape as [number, number];
  const groups = heads / kvHeads;
  const head = qkv.shape[1] / (heads + 2 * kvHeads);
  const perHead = (t: tf.Tensor, count: number) =>
    tf.transpose(tf.reshape(t, [rows, length, count, head]), [0, 2, 1, 3]);
  const [q, k, v] = tf.split(qkv, [heads * head, kvHeads * head, kvHeads * head], 1) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const queries = tf.reshape(perHead(q, heads), [rows, kvHeads, groups * length, head]);
  const scores = tf.mul(tf.matMul(queries, perHead(k, kvHeads), false, true), 1 / Math.sqrt(head));
  const mask = tf.reshape(maskOf(spans), [rows, 1, length, length]);
  const weights = tf.softmax(tf.add(scores, tf.tile(mask, [1, 1, groups, 1])));
  const mixed = tf.reshape(tf.matMul(weights, perHead(v, kvHeads)), [rows, heads, length, head]);
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows * length, heads * head]);
}

/** [rows, T, T] 0 where a token may look, −1e9 where not. */
function maskOf(spans: tf.Tensor): tf.Tensor {
  const length = spans.shape[1]!;
  const [from, to, own] = tf.split(tf.cast(spans, "float32"), 3, 2) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const column = tf.reshape(tf.range(0, length), [1, 1, length]);
  const self = tf.reshape(tf.range(0, length), [1, length, 1]);
  const inside = (low: tf.Tensor, high: tf.Tensor) =>
    tf.mul(tf.cast(tf.greaterEqual(column, low), "float32"), tf.cast(tf.lessEqual(column, high), "float32"));
  const seen = tf.maximum(inside(from, tf.sub(to, 1)), inside(own, self));
  return tf.mul(tf.sub(1, seen), HIDDEN);
}
