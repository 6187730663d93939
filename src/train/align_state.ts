import * as tf from "@tensorflow/tfjs";
import { copyParameters, type Parameters } from "../model/parameters.ts";
import { disposeState, type Optimizer, type OptimizerState } from "../optimizer/optimizer.ts";
import { disposeTree, mapTree } from "../optimizer/parameter_tree.ts";
import type { PopulationState } from "../reward/marginal.ts";
import type { Belief } from "../target/belief_state.ts";
import { deserializeBelief, serializeBelief } from "../target/belief_arrays.ts";
import { type Best, bestNumbers } from "./best.ts";
import {
  type Checkpoint,
  countIn,
  numbersIn,
  optimizerFrom,
  under,
  weightsFrom,
  weightsOf,
  within,
} from "./checkpoint.ts";
import { type Course, courseFrom, courseNumbers, NO_COURSE } from "./course.ts";
import { exposureFrom, exposureTensors } from "./exposure.ts";
import { bestFrom, microBatchFrom, microBatchNumbers } from "./fit_state.ts";

/** Where alignment stands. State goes in, new state comes out; weights and what the optimizer remembers are changed in place. */
export interface AlignState {
  readonly parameters: Parameters;
  readonly optimizer: OptimizerState;
  /** Moving average of the weights, or the opponent of self-play; null where no anchor needs it. */
  readonly average: Parameters | null;
  readonly belief: Belief;
  readonly population: PopulationState;
  /** [constraints] Lagrange multipliers. */
  readonly multipliers: Float64Array;
  /** Epochs that are done. */
  readonly epoch: number;
  /** Batches of this epoch that are done. */
  readonly batch: number;
  /** Steps in all; the random numbers of a step depend on it. */
  readonly step: number;
  readonly best: Best | null;
  readonly course: Course;
  /** Contexts at most that are worked on at once, where the device had no memory for as many as configured. */
  readonly microBatch?: number;
}

/** The state before the first step. It copies the reference's weights. */
export function startAlignment(
  reference: Parameters,
  optimizer: Optimizer,
  belief: Belief,
  population: PopulationState,
  options: { readonly average: boolean; readonly constraints: number },
): AlignState {
  const average = options.average ? copyParameters(reference) : null;
  const parameters = copyParameters(reference);
  return {
    parameters,
    optimizer: optimizer.init(parameters),
    average,
    belief,
    population,
    multipliers: new Float64Array(options.constraints),
    epoch: 0,
    batch: 0,
    step: 0,
    best: null,
    course: NO_COURSE,
  };
}

/**
 * The state after an update, which changed weights and optimizer in place; the old average is freed.
 *
 * @param emaDecay of the average; null where it stays as it is.
 * @param halted [1] where it is not 0 the average stays as it is, too; see `gradientStep`.
 */
export function withPolicy(
  state: AlignState,
  optimizer: OptimizerState,
  emaDecay: number | null,
  halted?: tf.Tensor,
): AlignState {
  if (emaDecay === null || state.average === null) return { ...state, optimizer };
  const [keeps, gains] = tf.tidy(() => sharesOf(emaDecay, halted));
  const average = mapTree(
    state.average,
    (tensor, name) => tf.tidy(() => tf.add(tf.mul(tensor, keeps), tf.mul(state.parameters[name]!, gains))),
  );
  tf.dispose([keeps, gains, state.average]);
  return { ...state, optimizer, average };
}

/** What the average keeps of itself and gains of the weights; all and nothing once updates are halted. */
function sharesOf(emaDecay: number, halted: tf.Tensor | undefined): [tf.Tensor, tf.Tensor] {
  const [keeps, gains] = [tf.scalar(emaDecay), tf.scalar(1 - emaDecay)];
  if (halted === undefined) return [keeps, gains];
  const goesOn = tf.equal(tf.reshape(halted, []), 0);
  return [tf.where(goesOn, keeps, 1), tf.where(goesOn, gains, 0)];
}

/** The state in which the policy of this moment has become its own opponent. */
export function withOpponent(state: AlignState): AlignState {
  if (state.average !== null) disposeTree(state.average);
  return { ...state, average: copyParameters(state.parameters) };
}

/** Frees everything that the state owns. */
export function freeAlignState(state: AlignState): void {
  disposeTree(state.parameters);
  disposeState(state.optimizer);
  if (state.average !== null) disposeTree(state.average);
  if (state.best !== null) disposeTree(state.best.parameters);
}

/** The state as a checkpoint, the belief and the exposure included. */
export async function alignCheckpoint(state: AlignState): Promise<Checkpoint> {
  const { epoch, batch, step, best, average, population } = state;
  const flat = (data: Float64Array | Int32Array) => ({ shape: [data.length], data });
  return {
    stage: "align",
    step,
    numbers: {
      epoch,
      batch,
      optimizerStep: state.optimizer.step,
      ...microBatchNumbers(state),
      ...bestNumbers(best),
    },
    tensors: new Map([
      ["epochs", flat(courseNumbers(state.course))],
      ["multipliers", flat(state.multipliers)],
      ...await weightsOf("parameters", state.parameters),
      ...await weightsOf("optimizer", state.optimizer.slots),
      ...(best === null ? [] : await weightsOf("best", best.parameters)),
      ...(average === null ? [] : await weightsOf("average", average)),
      ...under(
        "belief",
        new Map(Object.entries(serializeBelief(state.belief)).map(([name, data]) => [name, flat(data)])),
      ),
      ...under("population", exposureTensors(population)),
    ]),
  };
}

/** The state that a checkpoint kept; `fresh` is the state before the first step, which it frees. */
export function alignStateFrom(
  { step, numbers, tensors }: Checkpoint,
  fresh: AlignState,
  shapes: ReadonlyMap<string, readonly number[]>,
  optimizer: Optimizer,
  place: string,
): AlignState {
  const parameters = weightsFrom("parameters", tensors, shapes, place);
  const arrays = (name: string) =>
    Object.fromEntries(
      [...within(name, tensors)].map(([key, { data }]) => [key, data as Float64Array | Int32Array]),
    );
  const state = {
    parameters,
    optimizer: optimizerFrom(tensors, countIn(numbers, "optimizerStep", place), optimizer, parameters),
    average: fresh.average && weightsFrom("average", tensors, shapes, place),
    belief: deserializeBelief(arrays("belief")),
    population: exposureFrom(within("population", tensors), fresh.population, place),
    epoch: countIn(numbers, "epoch", place),
    batch: countIn(numbers, "batch", place),
    step,
    best: bestFrom(tensors, numbers, shapes, place),
    multipliers: numbersIn(tensors, "multipliers", Float64Array, place),
    course: courseFrom(numbersIn(tensors, "epochs", Float64Array, place), place),
    ...microBatchFrom(numbers),
  };
  freeAlignState(fresh);
  return state;
}
