import { addDecayedWeights } from "./add_decayed_weights.ts";
import { chain } from "./chain.ts";
import { clipByGlobalNorm } from "./clip_by_global_norm.ts";
import { type Optimizer, optimizerOf } from "./optimizer.ts";
import { scaleByAdam } from "./scale_by_adam.ts";
import { scaleBySchedule } from "./scale_by.ts";
import { constantRate, type LearningRateSchedule } from "./schedules.ts";

/** What `adamw` may be told. */
export interface AdamWOptions {
  /** A constant, or a rate by step. */
  readonly learningRate: number | LearningRateSchedule;
  /** Decay of the mean of the gradients; 0.9 unless told. */
  readonly b1?: number;
  /** Decay of the mean of their squares; 0.999 unless told. */
  readonly b2?: number;
  /** Added to the root of the latter; 1e-8 unless told. */
  readonly epsilon?: number;
  /** Decay per step and unit of learning rate; 0 unless told. */
  readonly weightDecay?: number;
  /** Which parameters decay, by name and rank; matrices and larger unless told, so that norms and biases do not. */
  readonly decays?: (name: string, rank: number) => boolean;
  /** Largest global norm of the gradients; no clipping unless told. */
  readonly clipNorm?: number;
}

/**
 * AdamW with clipping and a schedule, the optimizer of both loops.
 *
 * @example
 * ```ts
 * import "@tensorflow/tfjs-backend-cpu";
 * import * as tf from "@tensorflow/tfjs";
 * import { adamw } from "./adamw.ts";
 * import { disposeState } from "./optimizer.ts";
 * import { disposeTree } from "./parameter_tree.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const optimizer = adamw({ learningRate: 0.1, clipNorm: 1 });
 * const parameters = { w: tf.tensor1d([1, 1]) };
 * const state = optimizer.init(parameters);
 * const next = optimizer.update({ w: tf.tensor1d([3, -4]) }, state, parameters);
 * disposeTree(parameters);
 * disposeState(state);
 * assertEquals(next.metrics.gradientNorm.dataSync()[0], 5);
 * assertAlmostEquals(next.parameters.w!.dataSync()[0]!, 0.9, 1e-6);
 * assertAlmostEquals(next.parameters.w!.dataSync()[1]!, 1.1, 1e-6);
 * ```
 */
export function adamw(o: AdamWOptions): Optimizer {
  const rate = typeof o.learningRate === "number" ? constantRate(o.learningRate) : o.learningRate;
  const decays = o.decays ?? ((_name, rank) => rank >= 2);
  return optimizerOf(
    chain(
      clipByGlobalNorm(o.clipNorm ?? Infinity),
      scaleByAdam({ ...o }),
      addDecayedWeights(o.weightDecay ?? 0, (group) => group === "decayed"),
      scaleBySchedule(rate),
    ),
    (name, tensor) => decays(name, tensor.rank) && (o.weightDecay ?? 0) > 0 ? "decayed" : "plain",
  );
}
