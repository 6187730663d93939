import type { Context } from "../core/context.ts";
import type { RewardBatch } from "../core/rewards.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArrays } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import type { Parameters } from "../model/parameters.ts";
import { entropyPerItem, klToReference, updateSignal } from "../objective/gauges.ts";
import type { Objective } from "../objective/objective.ts";
import { policyLoss, policyLossArrays } from "../objective/policy_loss.ts";
import type { Optimizer, OptimizerState } from "../optimizer/optimizer.ts";
import type { Policy, SlateShape } from "../rollout/policy.ts";
import type { RolloutWeights } from "../target/belief.ts";
import type { Model } from "./model.ts";
import type { Measured } from "./step_log.ts";
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

/** An update that is on its way. */
export interface PolicyUpdate {
  /** What the optimizer remembers; its tensors, and the weights, have changed in place. */
  readonly optimizer: OptimizerState;
  /** What it leaves on the device. */
  readonly measured: Measured;
  /** The gauges of the update; docs/method.md defines them. */
  gauges(numbers: Readonly<Record<string, Float32Array | Int32Array>>): Record<string, number>;
}

/**
 * One gradient step towards the target that the weights describe, in place. Nothing changes when the gradient is no
 * number.
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
  { model: { policy }, reference, objective, optimizer, klCoefficient }: UpdateSetting,
): Promise<PolicyUpdate> {
  const { groupSize, cutoff, behaviorLogProb } = rollouts;
  const { parameters, optimizer: { slots, step } } = policyState;
  const shape = { groupSize, cutoff };
  const slates = policy.layOut(contexts, rollouts);
  const coefficients = objective.coefficients({
    groupSize,
    logDensityRatio: weights.logDensityRatio,
    baseline: weights.baseline,
    policyLogProb: behaviorLogProb,
    anchorLogProb: anchor && await readLogProb(policy, anchor, slates, shape),
  });
  const measured = compute({
    name: "align",
    constants: { policy: policy.constants, shape, klCoefficient, optimizer: optimizer.constants },
    arrays: {
      ...slates,
      ...policyLossArrays(coefficients, rewards.defined, groupSize),
      numbers: optimizer.numbers(step + 1),
    },
    weights: {
      ...parameters,
      ...slots,
      ...Object.fromEntries(Object.entries(reference).map(([name, tensor]) => [`reference/${name}`, tensor])),
    },
  }, (arrays) => {
    const referenceLogProb = policy.logProb(reference, arrays, shape);
    const { value: loss, gradients } = valueAndGradients(
      parameters,
      (current) =>
        policyLoss(policy.logProb(current, arrays, shape), arrays, { referenceLogProb, klCoefficient }),
    );
    const gradientNorm = optimizer.update(gradients, slots, parameters, arrays.numbers);
    return { loss, gradientNorm, referenceLogProb };
  });
  return {
    optimizer: { step: step + 1, slots },
    measured,
    gauges: ({ loss, gradientNorm, referenceLogProb }) => ({
      loss: loss![0]!,
      gradientNorm: gradientNorm![0]!,
      updateSignal: updateSignal(coefficients),
      klToReference: klToReference(behaviorLogProb, Float64Array.from(referenceLogProb!)),
      entropy: entropyPerItem(behaviorLogProb, rollouts.items.filter((item) => item >= 0).length),
    }),
  };
}

/** [B·G] nats, without a gradient. */
async function readLogProb(
  policy: Policy,
  parameters: Parameters,
  slates: HostArrays,
  shape: SlateShape,
): Promise<Float64Array> {
  const { logProb } = await takeNumbers(compute(
    {
      name: "log-probability",
      constants: { policy: policy.constants, shape },
      arrays: slates,
      weights: parameters,
    },
    (arrays) => ({ logProb: policy.logProb(parameters, arrays, shape) }),
  ));
  return Float64Array.from(logProb);
}
