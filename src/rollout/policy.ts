import type * as tf from "@tensorflow/tfjs";
import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArrays, Uploaded } from "../device/arrays.ts";
import type { Dropout } from "../model/dropout.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";

/**
 * A distribution over slates of K distinct, valid, unseen items given a context. It sees contexts, never what was
 * held out of them.
 */
export interface Policy {
  /** All that its computations depend on beside weights and arrays, as plain data. */
  readonly constants: unknown;
  /** Weights that training does not change and its computations read beside `parameters`; none where all are trained. */
  readonly frozen: Parameters;
  /** G slates per context from the constrained distribution at temperature 1. One read-back from the device. */
  sample(parameters: Parameters, contexts: readonly Context[], options: SampleOptions): Promise<Slates>;
  /** The slate that the policy would show, one per context. */
  rank(parameters: Parameters, contexts: readonly Context[], options: RankOptions): Promise<RankedSlates>;
  /** What `logProb` reads of slates and the contexts that they are for. */
  layOut(contexts: readonly Context[], slates: Slates): HostArrays;
  /**
   * [B·G] log π(slate | context) in nats, differentiable in `parameters`: what `sample` reports, recomputed.
   *
   * @param arrays what `layOut` made, on the device
   * @param drop of training; by default the whole network answers
   */
  logProb(
    parameters: Parameters,
    arrays: Uploaded<HostArrays>,
    shape: SlateShape,
    drop?: Dropout,
  ): tf.Tensor1D;
}

/** G slates of K items a context. */
export type SlateShape = Pick<Slates, "groupSize" | "cutoff">;

export interface SampleOptions extends SlateShape {
  /** Noise comes from it by context id and slate, so a batch of eight draws what eight of one draw. */
  readonly key: RandomKey;
}

export interface RankOptions {
  readonly cutoff: number;
  /** Width of the beam search; 1 is greedy. Where one score vector ranks all items, greedy is already exact. */
  readonly beams: number;
}

/** Slates with G = 1 and a score per item, falling with the rank. */
export interface RankedSlates extends Slates {
  /** [B·K] nats */
  readonly scores: Float64Array;
}
