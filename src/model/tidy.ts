import * as tf from "@tensorflow/tfjs";

/** `tf.tidy` for any shape of result: frees what was made inside except the tensors that the result holds. */
export function tidy<T>(compute: () => T): T {
  return tf.tidy(() => compute() as tf.TensorContainer) as T;
}
