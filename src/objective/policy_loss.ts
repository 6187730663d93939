import * as tf from "@tensorflow/tfjs";

/**
 * The loss of one batch: −mean over contexts Σ_j c_j ℓ_j, plus κ times the pull to the reference.
 *
 * The pull is the mean over rollouts of k3 = e^d − d − 1, d = log π_ref − ℓ, differentiated through ℓ as GRPO does
 * (arXiv 2402.03300). On slates that π itself drew its value estimates KL(π‖π_ref), and its gradient, 1 − π_ref/π per
 * rollout, that of KL(π_ref‖π): a slate that π has come to prefer is pushed down by at most κ/G, however far π went.
 *
 * @param logProb [B·G] ℓ, log π of each slate in nats, differentiable. Finite everywhere, also where undefined.
 * @param o.coefficients [B·G] the c_j of an `Objective`.
 * @param o.referenceLogProb [B·G] log π_ref in nats; null leaves the pull out, as κ = 0 does.
 * @param o.klCoefficient κ ≥ 0.
 * @param o.groupSize G.
 * @param o.defined [B·G] 1 where the slate counts; padding and slates without a reward add nothing.
 * @returns A scalar, owned by the caller.
 *
 * @example
 * ```ts
 * import "@tensorflow/tfjs-backend-cpu";
 * import * as tf from "@tensorflow/tfjs";
 * import { policyLoss } from "./policy_loss.ts";
 * import { assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const loss = policyLoss(tf.tensor1d([-1, -2]), {
 *   coefficients: Float64Array.of(0.5, -0.5),
 *   referenceLogProb: null,
 *   klCoefficient: 0,
 *   groupSize: 2,
 *   defined: Uint8Array.of(1, 1),
 * });
 * assertEquals(loss.dataSync()[0], -0.5);
 * ```
 */
export function policyLoss(
  logProb: tf.Tensor1D,
  o: {
    readonly coefficients: Float64Array;
    readonly referenceLogProb: Float64Array | null;
    readonly klCoefficient: number;
    readonly groupSize: number;
    readonly defined: Uint8Array;
  },
): tf.Scalar {
  const rows = logProb.shape[0];
  requireRows("coefficients", o.coefficients, rows);
  requireRows("defined", o.defined, rows);
  const contexts = rows / o.groupSize;
  return tf.tidy(() => {
    const weights = tf.tensor1d(Float32Array.from(o.coefficients, (c) => -c / contexts));
    const imitation = tf.sum(tf.mul(logProb, weights)) as tf.Scalar;
    if (o.referenceLogProb === null || o.klCoefficient === 0) return imitation;
    requireRows("referenceLogProb", o.referenceLogProb, rows);
    const mask = tf.tensor1d(Float32Array.from(o.defined));
    // The mask comes before the exponential: a row that does not count must not overflow there.
    const reference = tf.tensor1d(
      Float32Array.from(o.referenceLogProb, (value, row) => o.defined[row] ? value : 0),
    );
    const d = tf.mul(tf.sub(reference, logProb), mask);
    const k3 = tf.sub(tf.sub(tf.exp(d), d), 1);
    return tf.add(imitation, tf.mul(tf.sum(k3), o.klCoefficient / rows)) as tf.Scalar;
  });
}

function requireRows(name: string, array: { readonly length: number }, rows: number): void {
  if (array.length === rows) return;
  throw new RangeError(`Cannot build the loss: ${name} must have ${rows} rows, got ${array.length}`);
}
