import type * as tf from "@tensorflow/tfjs";
import type { HostArrays, Uploaded } from "../device/arrays.ts";
import type { Dropout } from "../model/dropout.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import type { NextItemExample } from "./next_item_examples.ts";

/** How a model learns from what users did next. */
export interface Supervision {
  /** All that the loss depends on beside weights and arrays, as plain data. */
  readonly constants: unknown;
  /** A batch as `loss` reads it, from the weights of this moment: they may be asked for plausible picks. */
  layOut(
    parameters: Parameters,
    examples: readonly NextItemExample[],
    options: SupervisionOptions,
  ): Promise<HostArrays>;
  /** Cross-entropy in nats, weighted over the batch's targets. Differentiable in `parameters`. */
  loss(
    parameters: Parameters,
    arrays: Uploaded<HostArrays>,
    drop: Dropout,
    options: Pick<SupervisionOptions, "negatives">,
  ): tf.Scalar;
}

/** What supervised training may choose. */
export interface SupervisionOptions {
  /** Length of the slates that a model whose picks see each other learns to complete. */
  readonly cutoff: number;
  /** Items drawn per step that stand for the catalog; null goes through all of it. */
  readonly negatives: number | null;
  readonly key: RandomKey;
}

/** Targets of an example that are completed as slates, or read after a prompt of their own, per step. */
export const BRANCHES = 4;

/**
 * Weight of the predictions in slates beside those of the history. A step has a dozen targets in histories for one in
 * slates, so at equal weight the few, noisy ones would set the pace.
 */
export const SLATE_SHARE = 0.25;
