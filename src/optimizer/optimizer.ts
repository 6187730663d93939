import type * as tf from "@tensorflow/tfjs";
import { BladeError } from "../core/errors.ts";
import type { HostArray } from "../device/arrays.ts";
import { disposeTree, type ParameterTree } from "./parameter_tree.ts";

/** What an optimizer remembers: the updates made, and named tensors that a checkpoint keeps as they are. */
export interface OptimizerState {
  /** Updates made so far. */
  readonly step: number;
  /** What it remembers of each parameter, named `slot/parameter`. */
  readonly slots: ParameterTree;
}

/** Moves parameters along their gradients. */
export interface Optimizer {
  /** All that its updates depend on but for `numbers`, as plain data. */
  readonly constants: unknown;
  /** State before the first update. */
  init(parameters: ParameterTree): OptimizerState;
  /** What update `step`, counted from 1, takes from the host. */
  numbers(step: number): HostArray;
  /**
   * One update, in place: the numbers in `parameters` and `slots` change, the tensors stay. Where the gradients'
   * norm is no finite number nothing changes.
   *
   * @param numbers those of this update, on the device
   * @param gate what else decides whether anything changes
   * @returns the norm of the gradients before any clipping, the caller's to free
   * @throws {TypeError} when a parameter has no gradient, or a gradient no parameter.
   */
  update(
    gradients: ParameterTree,
    slots: ParameterTree,
    parameters: ParameterTree,
    numbers: tf.Tensor,
    gate?: UpdateGate,
  ): tf.Scalar;
}

/** What decides, on the device, whether an update is made. */
export interface UpdateGate {
  /** Where it is no finite number nothing changes. */
  readonly loss: tf.Scalar;
  /** [1] 0 so far; from the first update on that is not made it is 1, and nothing changes any more. */
  readonly halted?: tf.Tensor;
}

/** Frees the tensors of a state. */
export function disposeState(state: OptimizerState): void {
  disposeTree(state.slots);
}

/**
 * A state from saved numbers, which become the state's.
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
