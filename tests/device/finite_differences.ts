import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { randomKey } from "../../src/numerics/random.ts";

/** A tensor as numbers, so that it can be shifted and made on any device. */
export interface Plain {
  readonly shape: number[];
  readonly values: Float32Array;
}

/** Numbers in ±[low, high], away from 0 and from each other enough for kinks not to fall between two differences. */
export function plain(seed: number, shape: number[], low = 0.3, high = 1.5, signed = true): Plain {
  const key = randomKey(seed);
  const size = shape.reduce((product, n) => product * n, 1);
  return {
    shape,
    values: Float32Array.from(
      { length: size },
      (_, i) => (low + (high - low) * key.uniform(2 * i)) * (signed && key.uniform(2 * i + 1) < 0.5 ? -1 : 1),
    ),
  };
}

/**
 * Compares tf's gradient of Σ weight·f(inputs) with central differences, at every coordinate of every input.
 * The weights differ from place to place, so that a gradient that mixes places up does not pass.
 */
export async function assertGradient(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly Plain[],
  { step = 1e-2, tolerance = 4e-3 } = {},
): Promise<void> {
  const loss = (...tensors: tf.Tensor[]) => {
    const y = f(...tensors);
    const weights = Float32Array.from({ length: y.size }, (_, i) => Math.cos(1 + 2.3 * i));
    return tf.sum(tf.mul(y, tf.tensor(weights, y.shape))) as tf.Scalar;
  };
  const tensors = inputs.map(({ shape, values }) => tf.tensor(values, shape));
  const gradients = tf.grads(loss)(tensors);
  const shifted: tf.Scalar[] = [];
  for (const [which, { shape, values }] of inputs.entries()) {
    for (let i = 0; i < values.length; i++) {
      for (const sign of [1, -1]) {
        const moved = Float32Array.from(values);
        moved[i]! += sign * step;
        shifted.push(
          tf.tidy(() => loss(...tensors.map((t, k) => k === which ? tf.tensor(moved, shape) : t))),
        );
      }
    }
  }
  const stacked = tf.stack(shifted);
  const losses = await stacked.data();
  const wrong: string[] = [];
  let at = 0;
  for (const [which, gradient] of gradients.entries()) {
    assertEquals(gradient.shape, inputs[which]!.shape, `shape of gradient ${which}`);
    const analytic = await gradient.data();
    for (let i = 0; i < analytic.length; i++, at += 2) {
      const numeric = (losses[at]! - losses[at + 1]!) / (2 * step);
      if (!(Math.abs(analytic[i]! - numeric) <= tolerance * (1 + Math.abs(numeric)))) {
        wrong.push(`input ${which} [${i}]: gradient ${analytic[i]}, difference quotient ${numeric}`);
      }
    }
  }
  assertEquals(wrong, []);
  tf.dispose([...tensors, ...gradients, ...shifted, stacked]);
}
