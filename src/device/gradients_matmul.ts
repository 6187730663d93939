import * as tf from "@tensorflow/tfjs-core";

/**
 * Gradients of C = op(A)·op(B) for the four transpose flags, batch dimensions broadcast as tfjs broadcasts them.
 * A, B: [..., rows, columns]; dy: [..., M, N].
 */
export function matMulGradient(
  dy: tf.Tensor,
  a: tf.Tensor,
  b: tf.Tensor,
  transposeA: boolean,
  transposeB: boolean,
): { a: () => tf.Tensor; b: () => tf.Tensor } {
  return {
    // ∂A = dy·op(B)ᵀ, transposed once more when A came in transposed.
    a: () =>
      sumBatch(
        transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB),
        a.shape,
      ),
    b: () =>
      sumBatch(
        transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false),
        b.shape,
      ),
  };
}

/** Sums over batch dimensions that `shape` has as 1 or lacks. */
function sumBatch(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  if (tf.util.arraysEqual(gradient.shape, shape)) return gradient;
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, shape);
}
