import * as tf from "@tensorflow/tfjs-core";
import type { HeadShape } from "./ops_attention.ts";
import { rmsNorm } from "./ops_rms_norm.ts";
export function headNorm(
  qkv: tf.Tensor2D,
  q: tf.Tensor,
  k: tf.Tensor,
  { heads, kvHeads }: HeadShape,
  epsilon: number,
): tf.Tensor2D {
  const head = q.shape[0]!, n = qkv.shape[0];
  const [a, b, c] = tf.split(qkv, [heads * head, kvHeads * head, kvHeads * head], 1) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const norm = (x: tf.Tensor, w: tf.Tensor, count: number) =>
    tf.reshape(rmsNorm(tf.reshape(x, [n * count, head]), w, epsilon), [n, count * head]);
  return tf.concat([norm(a, q, heads), norm(b, k, kvHeads), c], 1) as tf.Tensor2D;
}
