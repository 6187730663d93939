import * as tf from "@tensorflow/tfjs";
import { type AdamWConstants, adamwStep, gateSquares, squaredNorm } from "../device/adamw_step.ts";
import type { Optimizer } from "./optimizer.ts";
import type { ParameterTree } from "./parameter_tree.ts";
import { constantRate, type LearningRateSchedule } from "./schedules.ts";
import { pow } from "../numerics/power.ts";

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
 * AdamW with clipping by the global norm and a schedule, the optimizer of both loops: one kernel per parameter, in
 * place.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { adamw } from "./adamw.ts";
 * import { openDevice } from "../device/open_device.ts";
 * import { uploadArrays } from "../device/arrays.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const optimizer = adamw({ learningRate: 0.1, clipNorm: 1 });
 * const parameters = { w: tf.tensor1d([1, 1]) };
 * const { slots } = optimizer.init(parameters);
 * const { numbers } = uploadArrays({ numbers: optimizer.numbers(1) });
 * const norm = optimizer.update({ w: tf.tensor1d([3, -4]) }, slots, parameters, numbers);
 * assertEquals(norm.dataSync()[0], 5);
 * assertAlmostEquals(parameters.w.dataSync()[0]!, 0.9, 1e-6);
 * assertAlmostEquals(parameters.w.dataSync()[1]!, 1.1, 1e-6);
 * ```
 */
export function adamw(o: AdamWOptions): Optimizer {
  const rate = typeof o.learningRate === "number" ? constantRate(o.learningRate) : o.learningRate;
  const decays = o.decays ?? ((_name, rank) => rank >= 2);
  const { b1 = 0.9, b2 = 0.999, epsilon = 1e-8, weightDecay = 0, clipNorm = Infinity } = o;
  const constants: AdamWConstants = { b1, b2, epsilon, weightDecay, clipNorm };
  return {
    constants: { ...constants, clipNorm: String(clipNorm) },
    init: (parameters) => ({
      step: 0,
      slots: { ...zeros("first", parameters), ...zeros("second", parameters) },
    }),
    numbers: (step) => ({
      data: Float32Array.of(rate(step), 1 - pow(b1, step), 1 - pow(b2, step)),
      shape: [3],
    }),
    update(gradients, slots, parameters, numbers, gate) {
      requireGradients(gradients, parameters);
      // By name, so that the order in which parameters are listed changes no sum.
      const names = Object.keys(parameters).sort();
      const squares = squaredNorm(names.map((name) => gradients[name]!));
      // All that takes memory comes before the first change: where there is none left, none is made.
      const norm = tf.sqrt(squares) as tf.Scalar;
      const gated = gate === undefined ? squares : gateSquares(squares, gate.loss, gate.halted);
      for (const name of names) {
        const parameter = parameters[name]!;
        adamwStep(
          {
            parameter,
            first: slots[`first/${name}`]!,
            second: slots[`second/${name}`]!,
            gradient: gradients[name]!,
          },
          gated,
          numbers,
          decays(name, parameter.rank) ? constants : { ...constants, weightDecay: 0 },
        );
      }
      tf.dispose([squares, gated]);
      return norm;
    },
  };
}

function zeros(slot: string, parameters: ParameterTree): ParameterTree {
  return Object.fromEntries(
    // Not tf.zeros: it makes them on the host.
    Object.entries(parameters).map(([name, { shape }]) => [`${slot}/${name}`, tf.fill(shape, 0)]),
  );
}

function requireGradients(gradients: ParameterTree, parameters: ParameterTree): void {
  const missing = Object.keys(parameters).find((name) => gradients[name] === undefined);
  const unknown = Object.keys(gradients).find((name) => parameters[name] === undefined);
  if (missing === undefined && unknown === undefined) return;
  throw new TypeError(
    missing !== undefined
      ? `Cannot update: every parameter needs a gradient, "${missing}" has none`
      : `Cannot update: every gradient needs a parameter, got one for "${unknown}"`,
  );
}
