import type { Context } from "../core/context.ts";
import type { RewardBatch } from "../core/rewards.ts";
import type { Slates } from "../core/slates.ts";
import type { Parameters } from "../model/parameters.ts";
import { tidy } from "../model/tidy.ts";
import { entropyPerItem, klToReference, updateSignal } from "../objective/gauges.ts";
import type { Objective } from "../objective/objective.ts";
import { policyLoss } from "../objective/policy_loss.ts";
import type { Optimizer, OptimizerState } from "../optimizer/optimizer.ts";
import type { RolloutWeights } from "../target/belief.ts";
import type { Model } from "./model.ts";
import { readFinite } from "./read_finite.ts";
import { valueAndGradients } from "./value_and_gradients.ts";

/** What an update of the policy needs beside its weights. */
export interface UpdateSetting {
  readonly model: Model;
  /** The frozen supervised model π_ref. */
  readonly reference: Parameters;
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly klCoefficient: number;
}

/** Gauges of an update; docs/method.md defines them. */
export interface UpdateGauges {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly updateSignal: number;
  /** Nats per slate. */
  readonly klToReference: number;
  /** Nats per item. */
  readonly entropy: number;
}

/**
 * One gradient step towards the target that the weights describe. The old weights and optimizer state are the
 * caller's to free.
 *
 * @param anchor weights of π_anchor, or null where the anchor is the policy of this moment.
 * @throws {BladeError} when the loss is no number; nothing has changed then.
 */
export async function updatePolicy(
  policyState: { readonly parameters: Parameters; readonly optimizer: OptimizerState },
  contexts: readonly Context[],
  rollouts: Slates,
  rewards: RewardBatch,
  weights: RolloutWeights,
  anchor: Parameters | null,
  { model, reference, objective, optimizer, klCoefficient }: UpdateSetting,
): Promise<{ parameters: Parameters; optimizer: OptimizerState; gauges: UpdateGauges }> {
  const { groupSize } = rollouts;
  const { parameters } = policyState;
  const referenceLogProb = await readLogProb(model, reference, contexts, rollouts);
  const anchorLogProb = anchor === null
    ? null
    : anchor === reference
    ? referenceLogProb
    : await readLogProb(model, anchor, contexts, rollouts);
  const coefficients = objective.coefficients({
    groupSize,
    logDensityRatio: weights.logDensityRatio,
    baseline: weights.baseline,
    policyLogProb: rollouts.behaviorLogProb,
    anchorLogProb,
  });
  const { value, gradients } = valueAndGradients(
    parameters,
    (current) =>
      policyLoss(model.policy.logProb(current, contexts, rollouts), {
        coefficients,
        referenceLogProb,
        klCoefficient,
        groupSize,
        defined: rewards.defined,
      }),
  );
  const updated = optimizer.update(gradients, policyState.optimizer, parameters);
  const { loss, gradientNorm } = await readFinite("align", {
    loss: value,
    gradientNorm: updated.metrics.gradientNorm,
  });
  return {
    parameters: updated.parameters,
    optimizer: updated.state,
    gauges: {
      loss,
      gradientNorm,
      updateSignal: updateSignal(coefficients),
      klToReference: klToReference(rollouts.behaviorLogProb, referenceLogProb),
      entropy: entropyPerItem(rollouts.behaviorLogProb, rollouts.items.filter((item) => item >= 0).length),
    },
  };
}

/** [B·G] nats, without a gradient. */
async function readLogProb(
  model: Model,
  parameters: Parameters,
  contexts: readonly Context[],
  slates: Slates,
): Promise<Float64Array> {
  const logProb = tidy(() => model.policy.logProb(parameters, contexts, slates));
  const values = Float64Array.from(await logProb.data());
  logProb.dispose();
  return values;
}
