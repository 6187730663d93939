import type { Parameters } from "../model/parameters.ts";
import { disposeState, type Optimizer, type OptimizerState } from "../optimizer/optimizer.ts";
import { disposeTree } from "../optimizer/parameter_tree.ts";
import { type Best, bestNumbers } from "./best.ts";
import { type Checkpoint, countIn, optimizerFrom, weightsFrom, weightsOf } from "./checkpoint.ts";

/** Where supervised training stands. State goes in, new state comes out; weights and what the optimizer remembers are changed in place. */
export interface FitState {
  readonly parameters: Parameters;
  readonly optimizer: OptimizerState;
  /** Epochs that are done. */
  readonly epoch: number;
  /** Batches of this epoch that are done. */
  readonly batch: number;
  /** Steps in all; the random numbers of a step depend on it. */
  readonly step: number;
  readonly best: Best | null;
  /** Rows at most that a gradient is taken of at once, where the device had no memory for as many as configured. */
  readonly microBatch?: number;
}

/** The state before the first step. It takes `parameters`. */
export function startFit(parameters: Parameters, optimizer: Optimizer): FitState {
  return { parameters, optimizer: optimizer.init(parameters), epoch: 0, batch: 0, step: 0, best: null };
}

/** Frees everything that the state owns. */
export function freeFitState(state: FitState): void {
  disposeTree(state.parameters);
  disposeState(state.optimizer);
  if (state.best !== null) disposeTree(state.best.parameters);
}

/** The state as a checkpoint: weights, optimizer, position, and the best weights so far. */
export async function fitCheckpoint(stage: string, state: FitState): Promise<Checkpoint> {
  const { epoch, batch, step, best } = state;
  return {
    stage,
    step,
    numbers: {
      epoch,
      batch,
      optimizerStep: state.optimizer.step,
      ...microBatchNumbers(state),
      ...bestNumbers(best),
    },
    tensors: new Map([
      ...await weightsOf("parameters", state.parameters),
      ...await weightsOf("optimizer", state.optimizer.slots),
      ...(best === null ? [] : await weightsOf("best", best.parameters)),
    ]),
  };
}

/** The state that a checkpoint kept. */
export function fitStateFrom(
  { step, numbers, tensors }: Checkpoint,
  shapes: ReadonlyMap<string, readonly number[]>,
  optimizer: Optimizer,
  place: string,
): FitState {
  const parameters = weightsFrom("parameters", tensors, shapes, place);
  return {
    parameters,
    optimizer: optimizerFrom(tensors, countIn(numbers, "optimizerStep", place), optimizer, parameters),
    epoch: countIn(numbers, "epoch", place),
    batch: countIn(numbers, "batch", place),
    step,
    best: bestFrom(tensors, numbers, shapes, place),
    ...microBatchFrom(numbers),
  };
}

/** A bound that the device forced, as a number of a checkpoint; none where there is none. */
export function microBatchNumbers({ microBatch }: { readonly microBatch?: number }): Record<string, number> {
  return microBatch === undefined ? {} : { microBatch };
}

/** The bound that a checkpoint kept, if any. */
export function microBatchFrom({ microBatch }: Checkpoint["numbers"]): { readonly microBatch?: number } {
  return microBatch == null ? {} : { microBatch };
}

/** The best weights that a checkpoint kept, or null. */
export function bestFrom(
  tensors: Checkpoint["tensors"],
  numbers: Checkpoint["numbers"],
  shapes: ReadonlyMap<string, readonly number[]>,
  place: string,
): Best | null {
  if (numbers["bestEpoch"] === undefined) return null;
  return {
    parameters: weightsFrom("best", tensors, shapes, place),
    // JSON has no NaN and writes null.
    score: numbers["bestScore"] ?? NaN,
    violation: numbers["bestViolation"] ?? 0,
    epoch: countIn(numbers, "bestEpoch", place),
  };
}
