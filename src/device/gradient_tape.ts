import * as tf from "@tensorflow/tfjs-core";

/**
 * What `take` gives, which takes gradients. Where it fails, all that tfjs saved for them is freed: it lies outside of
 * every scope, and tfjs frees it at the end of a backward pass alone.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { freeingTape } from "./gradient_tape.ts";
 * import { openDevice } from "./open_device.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const x = tf.scalar(2);
 * const before = tf.memory().numTensors;
 * const failing = tf.grad((x) => {
 *   tf.square(x);
 *   throw new Error("no memory");
 * });
 * assertThrows(() => freeingTape(() => failing(x)), Error, "no memory");
 * assertEquals(tf.memory().numTensors, before);
 * ```
 */
export function freeingTape<T>(take: () => T): T {
  const { state } = tf.engine();
  const outer = state.activeTape;
  try {
    return take();
  } catch (error) {
    if (state.activeTape !== outer) {
      for (const { saved } of state.activeTape ?? []) tf.dispose(saved ?? []);
      state.activeTape = outer;
    }
    throw error;
  }
}
