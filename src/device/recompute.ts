import * as tf from "@tensorflow/tfjs-core";
import { freeingTape } from "./gradient_tape.ts";

type Inputs = Readonly<Record<string, tf.Tensor>>;

/**
 * The value of `body(inputs)`, whose gradient keeps nothing of what the body makes: the backward pass runs the body again
 * and takes its gradients then (activation checkpointing, arXiv 1604.06174). So what is kept of a decoder's layers, each
 * recomputed, is what goes into them, for one more forward pass of work. The gradient has the bits that the body's own has.
 *
 * @param body gives the same whenever it is run, and reads nothing back. Tensors that it takes from elsewhere are
 * constants to the gradient and must live until it is taken: what the loss itself made belongs into `inputs`.
 * @param inputs what may need a gradient, and what the body else needs. All that are float32 get one, so frozen weights
 * are better taken from elsewhere.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { recompute } from "./recompute.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const cubed = (x: tf.Tensor) => recompute(({ x }) => tf.mul(tf.square(x), x), { x });
 * const gradient = tf.grad((x) => tf.sum(cubed(cubed(x))))(tf.tensor1d([1, 2]));
 * assertEquals([...gradient.dataSync()], [9, 9 * 2 ** 8]);
 * ```
 */
export function recompute<I extends Inputs, T extends tf.Tensor>(body: (inputs: I) => T, inputs: I): T {
  const names = Object.keys(inputs);
  const places = [...names.keys()].filter((i) => inputs[names[i]!]!.dtype === "float32");
  const run = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    // A handle of its own: a body may give back one of its inputs.
    const value = tf.clone(body(inputs));
    // Last: what is saved before something fails is not freed.
    save(names.map((name) => inputs[name]!));
    return {
      value,
      gradFunc: (dy, saved) => {
        const again = Object.fromEntries(names.map((name, i) => [name, saved[i]!])) as unknown as I;
        return gradientsWithin(() => body(again), places.map((i) => saved[i]!), dy);
      },
    };
  });
  return run(...places.map((i) => inputs[names[i]!]!)) as T;
}

/**
 * Gradients of `f`, weighed by `dy`, from within a backward pass; zeros for what has no part in it.
 *
 * tfjs has one tape. A gradient that is taken while another runs backwards begins it anew and ends by dropping it, and
 * the outer one then finds none to free its own tensors by. So the outer tape is put away and back.
 */
function gradientsWithin(f: () => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const engine = tf.engine();
  const { state } = engine;
  const outer = state.activeTape;
  try {
    return tf.tidy(() => {
      // Handles of their own, going in and coming out: adding gradients up frees the terms, which may be one tensor.
      const { grads } = freeingTape(() => engine.gradients(f, xs, tf.clone(dy), true));
      return xs.map((x, i) => grads[i] ? tf.clone(grads[i]) : tf.zerosLike(x));
    });
  } finally {
    state.activeTape = outer;
  }
}
