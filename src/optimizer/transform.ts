import type * as tf from "@tensorflow/tfjs";
import type { ParameterTree } from "./parameter_tree.ts";

/** What a transform may look at beside the updates and its own state. */
export interface TransformContext {
  /** The number of this update, from 1. */
  readonly step: number;
  /** The parameters that the updates are for, under the same names. */
  readonly parameters: ParameterTree;
}

/** What a transform gives back: new updates, new state, and what it measured on the way. */
export interface Transformed {
  /** Under the names that they came with. */
  readonly updates: ParameterTree;
  /** What to give back at the next update. */
  readonly state: ParameterTree;
  /** Scalars left on the device. */
  readonly metrics: Readonly<Record<string, tf.Scalar>>;
}

/**
 * One idea of what to do to updates before they are added to the parameters; `chain` joins several. Updates start as
 * gradients and end as what is added.
 *
 * `apply` is called inside `tf.tidy`: it disposes of nothing, and whatever it does not return is freed for it. The
 * updates may be the very tensors that it was given; a state that holds tensors is made of new ones.
 */
export interface Transform {
  /** Distinct within a chain. */
  readonly name: string;
  /** State before the first update, by name; {} for a transform that remembers nothing. */
  init(parameters: ParameterTree): ParameterTree;
  /** New updates of old ones. */
  apply(updates: ParameterTree, state: ParameterTree, context: TransformContext): Transformed;
}

/** A transform without state that treats every tensor by itself. */
export function eachTensor(
  name: string,
  transform: (update: tf.Tensor, name: string, context: TransformContext) => tf.Tensor,
): Transform {
  return {
    name,
    init: () => ({}),
    apply: (updates, state, context) => ({
      updates: Object.fromEntries(
        Object.entries(updates).map(([key, update]) => [key, transform(update, key, context)]),
      ),
      state,
      metrics: {},
    }),
  };
}
