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
  /**
   * Examples as `loss` reads them, from the weights of this moment: they may be asked for plausible picks. `weight` is
   * what the examples weigh beside others.
   *
   * @param firstRow of the examples in their batch: what is drawn for one depends on its row alone
   */
  layOut(
    parameters: Parameters,
    examples: readonly NextItemExample[],
    firstRow: number,
    options: SupervisionOptions,
  ): Promise<{ readonly arrays: HostArrays; readonly weight: number }>;
  /** Cross-entropy in nats, weighted over the targets. Differentiable in `parameters`. */
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
