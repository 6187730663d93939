import * as tf from "@tensorflow/tfjs";
import type { HostArray, Uploaded } from "../device/arrays.ts";

/**
 * The loss of one batch: −mean over contexts Σ_j c_j ℓ_j, plus κ times the pull to the reference.
 *
 * The pull is the mean over rollouts of k3 = e^d − d − 1, d = log π_ref − log π, differentiated through ℓ as GRPO does
 * (arXiv 2402.03300). On slates that π itself drew its value estimates KL(π‖π_ref), and its gradient, 1 − π_ref/π per
 * rollout, that of KL(π_ref‖π): a slate that π has come to prefer is pushed down by at most κ/G, however far π went.
 * d is of the whole network. Where ℓ drops some of it, the pull follows it to first order, k3 + (1 − e^d)(ℓ − log π),
 * or a slate that the masks make unlikely would weigh e^d.
 *
 * @param logProb [B·G] ℓ, log π of each slate in nats, differentiable. Finite everywhere, also where undefined.
 * @param terms What weighs the slates, on the device: `policyLossArrays`.
 * @param o.referenceLogProb [B·G] log π_ref in nats; null leaves the pull out, as κ = 0 does.
 * @param o.klCoefficient κ ≥ 0.
 * @returns A scalar, owned by the caller.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { uploadArrays } from "../device/arrays.ts";
 * import { openDevice } from "../device/open_device.ts";
 * import { policyLoss, policyLossArrays } from "./policy_loss.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const drawn = Float64Array.of(-1, -2);
 * const terms = policyLossArrays(Float64Array.of(0.5, -0.5), drawn, Uint8Array.of(1, 1), 2);
 * const loss = policyLoss(tf.tensor1d([-1, -2]), uploadArrays(terms), { referenceLogProb: null, klCoefficient: 0 });
 * assertEquals(loss.dataSync()[0], -0.5);
 * ```
 */
export function policyLoss(
  logProb: tf.Tensor1D,
  { weights, policyLogProb, defined }: Uploaded<PolicyLossArrays>,
  o: { readonly referenceLogProb: tf.Tensor | null; readonly klCoefficient: number },
): tf.Scalar {
  return tf.tidy(() => {
    const imitation = tf.sum(tf.mul(logProb, weights)) as tf.Scalar;
    if (o.referenceLogProb === null || o.klCoefficient === 0) return imitation;
    // The mask comes before the exponential: a row that does not count must not overflow there.
    const d = tf.mul(tf.sub(o.referenceLogProb, policyLogProb), defined);
    const ratio = tf.exp(d);
    const k3 = tf.sub(tf.sub(ratio, d), 1);
    const pull = tf.add(k3, tf.mul(tf.sub(1, ratio), tf.sub(logProb, policyLogProb)));
    return tf.add(imitation, tf.mul(tf.sum(pull), o.klCoefficient / logProb.shape[0])) as tf.Scalar;
  });
}

/** What weighs the slates of a batch. */
export type PolicyLossArrays = {
  /** [B·G] −c_j / B */
  readonly weights: HostArray;
  /** [B·G] log π of the whole network in nats. */
  readonly policyLogProb: HostArray;
  /** [B·G] 1 where the slate counts; padding and slates without a reward add nothing. */
  readonly defined: HostArray;
};

/**
 * Lays out what the loss reads.
 *
 * @param coefficients [B·G] the c_j of an `Objective`.
 * @param policyLogProb [B·G] log π of the whole network in nats.
 * @param defined [B·G] 1 where the slate counts.
 * @param groupSize G.
 * @throws {RangeError} when they have not the same rows.
 */
export function policyLossArrays(
  coefficients: Float64Array,
  policyLogProb: Float64Array,
  defined: Uint8Array,
  groupSize: number,
): PolicyLossArrays {
  const rows = coefficients.length;
  for (const [name, { length }] of Object.entries({ policyLogProb, defined })) {
    if (length !== rows) {
      throw new RangeError(`Cannot build the loss: ${name} must have ${rows} rows, got ${length}`);
    }
  }
  const contexts = rows / groupSize;
  return {
    weights: { data: Float32Array.from(coefficients, (c) => -c / contexts), shape: [rows] },
    policyLogProb: { data: Float32Array.from(policyLogProb), shape: [rows] },
    defined: { data: Float32Array.from(defined), shape: [rows] },
  };
}
