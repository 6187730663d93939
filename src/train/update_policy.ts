import * as tf from "@tensorflow/tfjs";
import type { Context } from "../core/context.ts";
import type { RewardBatch } from "../core/rewards.ts";
import type { Slates } from "../core/slates.ts";
import type { Uploaded } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { dropout, dropoutKeys } from "../model/dropout.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { entropyPerItem, klFromReference, klToReference, updateSignal } from "../objective/gauges.ts";
import { type Drawer, drawersOf, type SlateSource } from "../objective/methods.ts";
import type { Objective } from "../objective/objective.ts";
import { policyLoss, type PolicyLossArrays, policyLossArrays } from "../objective/policy_loss.ts";
import { clippedCoefficients, type ClipRange } from "../objective/ppo_clip.ts";
import type { Optimizer, OptimizerState } from "../optimizer/optimizer.ts";
import type { Policy, SlateShape } from "../rollout/policy.ts";
import type { RolloutWeights } from "../target/belief.ts";
import { gradientStep } from "./gradient_step.ts";
import type { Model } from "./model.ts";
import { definedMean } from "./prior.ts";
import { partedSlates, type SlatePart } from "./slate_parts.ts";
import type { PartedWork } from "./smaller_parts.ts";
import type { Measured, StepBatch } from "./step_log.ts";

/** What an update of the policy needs beside its weights. */
export interface UpdateSetting {
  readonly model: Model;
  /** The frozen supervised model π_ref. */
  readonly reference: Parameters;
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly klCoefficient: number;
  /** Of the network that is updated; slates are drawn from, and compared with, the whole one. */
  readonly dropout: { readonly rate: number; readonly key: RandomKey };
  /** Who drew the slates. */
  readonly source: SlateSource;
  /** Updates on the same slates. */
  readonly updates: number;
  /** Contexts that a gradient is taken of at once; null takes the batch. */
  readonly microBatch: number | null;
  /** Of updates after the first, where the policy drew the slates. */
  readonly clip: ClipRange;
  /** Told where the device has no memory for as many contexts; nobody when left out. */
  readonly parted?: Pick<PartedWork, "place" | "warn">;
  /** [1] 0 so far; see `gradientStep`. */
  readonly halted?: tf.Tensor;
}

/** An update that is on its way. */
export interface PolicyUpdate {
  /** What the optimizer remembers; its tensors, and the weights, have changed in place. */
  readonly optimizer: OptimizerState;
  /** What it leaves on the device. */
  readonly measured: Measured;
  /** Contexts at most that a gradient was taken of at once; null for all of them. */
  readonly microBatch: number | null;
  /** See `StepBatch`, of the contexts. */
  readonly badRows: StepBatch["badRows"];
  /** The gauges of the update; docs/method.md defines them. */
  gauges(numbers: Readonly<Record<string, Float32Array | Int32Array>>): Record<string, number>;
}

/**
 * Gradient steps on the loss of the method, in place: one, or `updates` of them on the same slates. A step changes
 * nothing when its loss or gradient is no number. Where the device has no memory for the batch it is taken in parts.
 *
 * The coefficients come from the policy as it is. Slates that it drew have the log-probability with which they were
 * drawn, and further updates the clipped ratio to it (PPO); of slates that another model drew the policy's own
 * log-probability is computed anew for each update.
 *
 * @param anchor weights of π_anchor, or null where the anchor is the policy of this moment.
 */
export async function updatePolicy(
  policyState: { readonly parameters: Parameters; readonly optimizer: OptimizerState },
  contexts: readonly Context[],
  rollouts: Slates,
  rewards: RewardBatch,
  weights: RolloutWeights,
  anchor: Parameters | null,
  setting: UpdateSetting,
): Promise<PolicyUpdate> {
  const { model: { policy }, objective, source, updates, clip } = setting;
  const { groupSize, cutoff, behaviorLogProb, items } = rollouts;
  const { parameters } = policyState;
  const shape = { groupSize, cutoff };
  const own = rowsDrawnBy("policy", source, rollouts);
  const { inParts, most } = partedSlates(policy, contexts, rollouts, setting);
  const logProbOf = (of: Parameters) => inParts((parts) => readLogProb(policy, of, parts, shape));
  const input = {
    groupSize,
    reward: rewards.reward,
    logDensityRatio: weights.logDensityRatio,
    baseline: weights.baseline,
    policyLogProb: own.length > 0 ? behaviorLogProb : await logProbOf(parameters),
    anchorLogProb: anchor && await logProbOf(anchor),
  };
  const coefficients = objective.coefficients(input);
  const step = updateStep(setting, pulledRows(rewards.defined, own), shape);
  let optimizer = policyState.optimizer;
  const steps: Measured[] = [];
  const clippedShares: number[] = [];
  for (let update = 0; update < updates; update++) {
    let current = coefficients;
    let { policyLogProb } = input;
    if (update > 0) {
      policyLogProb = await logProbOf(parameters);
      if (own.length > 0) {
        const found = clippedCoefficients(coefficients, policyLogProb, behaviorLogProb, clip);
        current = found.coefficients;
        clippedShares.push(found.clipped);
      } else {
        current = objective.coefficients({ ...input, policyLogProb });
      }
    }
    steps.push(await inParts((parts) => step(parts, parameters, optimizer, current, policyLogProb)));
    optimizer = { step: optimizer.step + 1, slots: optimizer.slots };
  }
  const value = objective.value?.(input);
  return {
    optimizer,
    measured: meanMeasured(steps),
    microBatch: most(),
    badRows({ referenceLogProb }) {
      const perSlate = [coefficients, input.policyLogProb, referenceLogProb!];
      const bad = [...coefficients.keys()].filter((row) =>
        perSlate.some((values) => !Number.isFinite(values[row]))
      );
      return Promise.resolve([...new Set(bad.map((row) => Math.floor(row / groupSize)))]);
    },
    gauges: ({ loss, gradientNorm, referenceLogProb }) => ({
      loss: value ?? loss![0]!,
      gradientNorm: gradientNorm![0]!,
      updateSignal: updateSignal(coefficients),
      ...divergence(source, rollouts, input.policyLogProb, Float64Array.from(referenceLogProb!)),
      // Slates of another model do not show how various the policy's are.
      ...(own.length === 0 ? {} : {
        entropy: entropyPerItem(
          pick(behaviorLogProb, own),
          own.reduce((sum, row) => sum + itemsIn(items, row, cutoff), 0),
        ),
      }),
      ...(clippedShares.length === 0 ? {} : { clipped: definedMean(clippedShares) }),
    }),
  };
}

/** One gradient step on the loss of these coefficients. */
function updateStep(
  setting: UpdateSetting,
  pulled: Uint8Array,
  shape: SlateShape,
) {
  const { model: { policy, config }, reference, optimizer, klCoefficient, dropout: { rate, key }, halted } =
    setting;
  return (
    slates: readonly SlatePart[],
    parameters: Parameters,
    state: OptimizerState,
    coefficients: Float64Array,
    policyLogProb: Float64Array,
  ): Promise<Measured> => {
    const ofStep = key.split("step", state.step);
    const parts = slates.map(({ arrays, from, to }) => ({
      arrays: {
        ...arrays,
        ...policyLossArrays(
          coefficients.subarray(from, to),
          policyLogProb.subarray(from, to),
          pulled.subarray(from, to),
          shape.groupSize,
        ),
        drop: dropoutKeys(config, from === 0 ? ofStep : ofStep.split("part", from)),
      },
      share: (to - from) / pulled.length,
    }));
    return gradientStep(
      {
        name: "align",
        constants: { policy: policy.constants, shape, klCoefficient, rate },
        parameters,
        weights: {
          ...policy.frozen,
          ...Object.fromEntries(
            Object.entries(reference).map(([name, tensor]) => [`reference/${name}`, tensor]),
          ),
        },
        loss(arrays) {
          // Nothing of this pass but its result is there during the one with a gradient.
          const referenceLogProb = tf.tidy(() => policy.logProb(reference, arrays, shape));
          const drop = dropout(config, arrays.drop!, rate);
          const of = (current: Parameters) =>
            policyLoss(policy.logProb(current, arrays, shape, drop), arrays as Uploaded<PolicyLossArrays>, {
              referenceLogProb,
              klCoefficient,
            });
          return { of, rows: { referenceLogProb } };
        },
      },
      parts,
      optimizer,
      state,
      halted,
    );
  };
}

/** Means of loss and norm over the updates, so that one that is no number shows; frees what it does not keep. */
function meanMeasured(steps: readonly Measured[]): Measured {
  const [first, ...others] = steps;
  if (others.length === 0) return first!;
  const mean = (of: (measured: Measured) => tf.Tensor) =>
    tf.tidy(() => {
      const total = steps.map(of).reduce((sum, value) => tf.add(sum, value));
      return tf.mul(total, 1 / steps.length) as tf.Scalar;
    });
  const loss = mean((measured) => measured.loss);
  const gradientNorm = mean((measured) => measured.gradientNorm);
  const { loss: _loss, gradientNorm: _norm, ...kept } = first!;
  tf.dispose([_loss, _norm, ...others.flatMap((measured) => Object.values(measured))]);
  return { ...kept, loss, gradientNorm };
}

/** KL to the reference, from slates of the policy where there are any, else from the reference's. */
function divergence(
  source: SlateSource,
  rollouts: Slates,
  policyLogProb: Float64Array,
  referenceLogProb: Float64Array,
): { klToReference: number } {
  const own = rowsDrawnBy("policy", source, rollouts);
  const rows = own.length > 0 ? own : rowsDrawnBy("reference", source, rollouts);
  const estimate = own.length > 0 ? klToReference : klFromReference;
  return { klToReference: estimate(pick(policyLogProb, rows), pick(referenceLogProb, rows)) };
}

function rowsDrawnBy(drawer: Drawer, source: SlateSource, { groupSize, behaviorLogProb }: Slates): number[] {
  const drawers = drawersOf(source, groupSize);
  return Array.from(behaviorLogProb, (_, row) => row).filter((row) => drawers[row % groupSize] === drawer);
}

/** The pull to the reference is estimated on the policy's own slates. */
function pulledRows(defined: Uint8Array, own: readonly number[]): Uint8Array {
  if (own.length === defined.length) return defined;
  const pulled = new Uint8Array(defined.length);
  for (const row of own) pulled[row] = defined[row]!;
  return pulled;
}

function pick(values: Float64Array, rows: readonly number[]): Float64Array {
  return Float64Array.from(rows, (row) => values[row]!);
}

function itemsIn(items: Int32Array, row: number, cutoff: number): number {
  return items.subarray(row * cutoff, (row + 1) * cutoff).filter((item) => item >= 0).length;
}

/** [B·G] nats, without a gradient. */
async function readLogProb(
  policy: Policy,
  parameters: Parameters,
  parts: readonly SlatePart[],
  shape: SlateShape,
): Promise<Float64Array> {
  const all = new Float64Array(parts.at(-1)!.to);
  for (const { arrays, from } of parts) {
    const { logProb } = await takeNumbers(compute(
      {
        name: "log-probability",
        constants: { policy: policy.constants, shape },
        arrays,
        weights: { ...policy.frozen, ...parameters },
      },
      (uploaded) => ({ logProb: policy.logProb(parameters, uploaded, shape) }),
    ));
    all.set(logProb, from);
  }
  return all;
}
