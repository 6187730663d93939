import * as tf from "@tensorflow/tfjs-core";

/** Tensors by name that a body reads. */
export type RecomputeInputs = Readonly<Record<string, tf.Tensor>>;

/**
 * What a body makes of its inputs, of which nothing but these is kept for the gradient: the backward pass runs the body
 * again. It costs a forward pass, and spares the memory of all that the body makes on its way (arXiv 1604.06174).
 *
 * @param body must give the same for the same inputs; what else it reads are constants
 * @param inputs float32, all that a gradient is wanted of
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { recompute } from "./recompute.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const cube = (x: tf.Tensor) => recompute(({ x }) => tf.mul(tf.mul(x, x), x), { x });
 * assertEquals([...tf.grad(cube)(tf.tensor1d([2])).dataSync()], [12]);
 * ```
 */
export function recompute(body: (inputs: RecomputeInputs) => tf.Tensor, inputs: RecomputeInputs): tf.Tensor {
  const names = Object.keys(inputs);
  const named = (tensors: readonly tf.Tensor[]) =>
    Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
  const run = tf.customGrad((...args) => {
    const tensors = args.slice(0, names.length) as tf.Tensor[];
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const value = body(named(tensors));
    save(tensors);
    return { value, gradFunc: (dy, saved) => gradients(body, named, saved as tf.Tensor[], dy) };
  });
  return run(...names.map((name) => inputs[name]!));
}

function gradients(
  body: (inputs: RecomputeInputs) => tf.Tensor,
  named: (tensors: readonly tf.Tensor[]) => RecomputeInputs,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
): tf.Tensor[] {
  return onOwnTape(() => {
    // Inputs that the body does not read have no gradient to ask for.
    const { grads } = tf.engine().gradients(() => body(named(inputs)), inputs, dy, true);
    return grads.map((gradient, i) => gradient ?? tf.zerosLike(inputs[i]!));
  });
}

/**
 * Runs a gradient inside the backward pass of another. tfjs has one tape, which the inner one would replace and then
 * throw away; the outer pass still needs its own to free what was saved on it.
 */
function onOwnTape<T>(compute: () => T): T {
  const { state } = tf.engine();
  const outer = state.activeTape;
  try {
    return compute();
  } finally {
    state.activeTape = outer;
  }
}
