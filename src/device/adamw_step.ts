import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "./fused.ts";

/** One parameter, what the optimizer remembers of it, and its gradient; all of one shape. */
export interface AdamWBlock {
  readonly parameter: tf.Tensor;
  /** Decaying mean of the gradients. */
  readonly first: tf.Tensor;
  /** Decaying mean of their squares. */
  readonly second: tf.Tensor;
  readonly gradient: tf.Tensor;
}

/** The numbers of AdamW that stay the same. */
export interface AdamWConstants {
  readonly b1: number;
  readonly b2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Infinity clips nothing. */
  readonly clipNorm: number;
}

/**
 * Sum of the squares of all numbers of some tensors, a scalar. The order of the additions depends on the shapes alone.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { squaredNorm } from "./adamw_step.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * assertEquals([...squaredNorm([tf.tensor1d([1, 2]), tf.tensor2d([[2, 4]])]).dataSync()], [25]);
 * ```
 */
export function squaredNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  return runFused("squaredNorm", { ...tensors } as unknown as tf.NamedTensorMap)[0] as tf.Scalar;
}

/**
 * The squares that `adamwStep` is to be given: `squares` to the bit, or −1, with which it changes nothing, where the
 * update must not be made. The device decides; nothing is read back.
 *
 * @param loss must be a finite number for the update to be made, as `squares` must
 * @param halted [1] 0 as long as updates are made; the first one that is not sets it to 1, and none is made from then on.
 * Where it is left out the next update is judged for itself.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { gateSquares } from "./adamw_step.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const [squares, halted] = [tf.scalar(4), tf.zeros([1])];
 * const after = (loss: number) => gateSquares(squares, tf.scalar(loss), halted).dataSync()[0];
 * assertEquals([after(1), after(NaN), after(1)], [4, -1, -1]);
 * ```
 */
export function gateSquares(squares: tf.Scalar, loss: tf.Scalar, halted?: tf.Tensor): tf.Scalar {
  return runFused("gate", { squares, loss, ...(halted === undefined ? {} : { halted }) })[0] as tf.Scalar;
}

/**
 * One AdamW update (arXiv 1711.05101) of one parameter, in place: parameter, first and second change, nothing is
 * returned. The gradient is shrunk so that the norm of all gradients is at most `clipNorm`. When that norm is no finite
 * number, nothing changes.
 *
 * @param squares `squaredNorm` of all gradients; negative where nothing is to change, see `gateSquares`
 * @param numbers [3] learning rate, 1 − b1ᵗ, 1 − b2ᵗ of update t
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { adamwStep, squaredNorm } from "./adamw_step.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const [parameter, first, second, gradient] = [tf.tensor1d([1]), tf.zeros([1]), tf.zeros([1]), tf.tensor1d([3])];
 * const constants = { b1: 0.9, b2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: Infinity };
 * const numbers = tf.tensor1d([0.1, 1 - 0.9, 1 - 0.999]);
 * adamwStep({ parameter, first, second, gradient }, squaredNorm([gradient]), numbers, constants);
 * assertAlmostEquals(parameter.dataSync()[0]!, 0.9, 1e-6);
 * ```
 */
export function adamwStep(
  block: AdamWBlock,
  squares: tf.Scalar,
  numbers: tf.Tensor,
  constants: AdamWConstants,
): void {
  runFused("adamw", { ...block, squares, numbers }, { ...constants });
}
