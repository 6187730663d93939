import * as tf from "@tensorflow/tfjs";

/** [B, n] → [B·G, n], each row G times. */
export function repeatRows(rows: tf.Tensor2D, times: number): tf.Tensor2D {
  if (times === 1) return rows;
  const [count, width] = rows.shape;
  return tf.reshape(tf.tile(tf.reshape(rows, [count, 1, width]), [1, times, 1]), [count * times, width]);
}
