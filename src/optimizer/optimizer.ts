import * as tf from "@tensorflow/tfjs";
import { BladeError } from "../core/errors.ts";
import { globalNorm } from "./clip_by_global_norm.ts";
import { type FlatLayout, flatLayout, flatten, unflatten } from "./flat_groups.ts";
import { disposeTree, type ParameterTree } from "./parameter_tree.ts";
import type { Transform } from "./transform.ts";

/** What an optimizer remembers: the updates made, and named tensors that a checkpoint keeps as they are. */
export interface OptimizerState {
  /** Updates made so far. */
  readonly step: number;
  /** What the transforms remember, named `transform/slot.group`. */
  readonly slots: ParameterTree;
}

/** What an update gives back. All its tensors are new, and the caller's. */
export interface OptimizerUpdate {
  /** The moved parameters, by the names that they came with. */
  readonly parameters: ParameterTree;
  /** One step further. */
  readonly state: OptimizerState;
  /** Stays on the device until somebody reads it: the norm of the gradients before any clipping. */
  readonly metrics: { readonly gradientNorm: tf.Scalar };
}

/**
 * Makes parameters of parameters and gradients. Who frees what: `update` takes the gradients and frees them; the old
 * parameters and the old state stay the caller's, who frees them with `disposeTree` and `disposeState` once nothing
 * else reads them; everything returned belongs to the caller.
 */
export interface Optimizer {
  /** State before the first update. */
  init(parameters: ParameterTree): OptimizerState;
  /**
   * One update.
   *
   * @throws {TypeError} when a parameter has no gradient, or a gradient no parameter.
   */
  update(gradients: ParameterTree, state: OptimizerState, parameters: ParameterTree): OptimizerUpdate;
}

/** Frees the tensors of a state. */
export function disposeState(state: OptimizerState): void {
  disposeTree(state.slots);
}

/**
 * An optimizer that applies a transform to the gradients, laid end to end by group, and adds what comes out.
 *
 * @param transform Sees one vector per group, named after it.
 * @param groupOf The group of a parameter, "all" unless told: parameters that the transform treats differently need
 * different ones.
 */
export function optimizerOf(
  transform: Transform,
  groupOf: (name: string, tensor: tf.Tensor) => string = () => "all",
): Optimizer {
  return {
    init: (parameters) => ({
      step: 0,
      slots: tf.tidy(() => transform.init(flatten(parameters, flatLayout(parameters, groupOf)))),
    }),
    update(gradients, state, parameters) {
      const layout = flatLayout(parameters, groupOf);
      requireGradients(gradients, layout);
      const step = state.step + 1;
      const result = tf.tidy(() => {
        const flat = flatten(parameters, layout);
        const flatGradients = flatten(gradients, layout);
        const { updates, state: slots, metrics } = transform.apply(flatGradients, state.slots, {
          step,
          parameters: flat,
        });
        const moved = Object.fromEntries(
          Object.entries(flat).map(([group, vector]) => [group, tf.add(vector, updates[group]!)]),
        );
        return {
          parameters: unflatten(moved, layout),
          slots,
          gradientNorm: metrics.gradientNorm ?? globalNorm(flatGradients),
        };
      });
      disposeTree(gradients);
      return {
        parameters: result.parameters,
        state: { step, slots: result.slots },
        metrics: { gradientNorm: result.gradientNorm },
      };
    },
  };
}

/**
 * The state that a checkpoint kept, once it is seen to fit the parameters. Takes the tensors of `saved`.
 *
 * @throws {BladeError} when a tensor is missing, unknown, or of another shape.
 */
export function restoreState(
  optimizer: Optimizer,
  parameters: ParameterTree,
  saved: OptimizerState,
): OptimizerState {
  const fresh = optimizer.init(parameters);
  const expected = Object.entries(fresh.slots).map(([name, tensor]) => `${name} [${tensor.shape}]`).sort();
  const found = Object.entries(saved.slots).map(([name, tensor]) => `${name} [${tensor.shape}]`).sort();
  disposeState(fresh);
  if (JSON.stringify(expected) === JSON.stringify(found)) return saved;
  throw new BladeError({
    place: "checkpoint: optimizer",
    rule: `must hold ${expected.join(", ")}`,
    value: found.join(", "),
    mend: "resume with the configuration that the run was started with",
  });
}

function requireGradients(gradients: ParameterTree, layout: FlatLayout): void {
  const names = layout.groups.flatMap(({ parts }) => parts.map(({ name }) => name));
  const missing = names.find((name) => gradients[name] === undefined);
  const unknown = Object.keys(gradients).find((name) => !names.includes(name));
  if (missing === undefined && unknown === undefined) return;
  throw new TypeError(
    missing !== undefined
      ? `Cannot update: every parameter needs a gradient, "${missing}" has none`
      : `Cannot update: every gradient needs a parameter, got one for "${unknown}"`,
  );
}
