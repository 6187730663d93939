import * as tf from "@tensorflow/tfjs-core";
import { hasFused, runFused } from "./fused.ts";

/**
 * The gate of a SwiGLU feed-forward (arXiv 2002.05202): silu(gate)·up for rows that hold [gate | up].
 *
 * @param gateUp [rows, 2·h]
 * @returns [rows, h]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { swiglu } from "./ops_swiglu.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * assertAlmostEquals(swiglu(tf.tensor2d([[2, 3]])).dataSync()[0]!, 6 / (1 + Math.exp(-2)), 1e-6);
 * ```
 */
export function swiglu(gateUp: tf.Tensor): tf.Tensor2D {
  const gated = tf.customGrad((...args) => {
    const [gateUp, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    save([gateUp]);
    return {
      value: forward(gateUp),
      gradFunc: (dy, saved) => backward(dy as tf.Tensor2D, (saved as [tf.Tensor2D])[0]),
    };
  });
  return gated(gateUp) as tf.Tensor2D;
}

function forward(gateUp: tf.Tensor2D): tf.Tensor2D {
  if (hasFused("swiglu")) return runFused("swiglu", { gateUp })[0] as tf.Tensor2D;
  const [gate, up] = tf.split(gateUp, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}

function backward(dy: tf.Tensor2D, gateUp: tf.Tensor2D): tf.Tensor {
  if (hasFused("swigluGrad")) return runFused("swigluGrad", { gateUp, dy })[0]!;
  const [gate, up] = tf.split(gateUp, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const s = tf.sigmoid(gate);
  const slope = tf.mul(s, tf.add(1, tf.mul(gate, tf.sub(1, s))));
  return tf.concat([tf.mul(tf.mul(dy, up), slope), tf.mul(dy, tf.mul(gate, s))], 1);
}
