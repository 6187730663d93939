import * as tf from "@tensorflow/tfjs";
import { eachTensor, type Transform } from "./transform.ts";

/**
 * Decoupled weight decay (arXiv 1711.05101): adds rate · parameter to the update of each parameter that the mask
 * names. Placed before the learning rate, so that the decay follows its schedule.
 *
 * @param rate Share of the weight that is added, ≥ 0.
 * @param mask Whether a name decays.
 *
 * @example
 * ```ts
 * import "@tensorflow/tfjs-backend-cpu";
 * import * as tf from "@tensorflow/tfjs";
 * import { addDecayedWeights } from "./add_decayed_weights.ts";
 * import { assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const parameters = { w: tf.tensor1d([8]), b: tf.tensor1d([8]) };
 * const updates = { w: tf.tensor1d([1]), b: tf.tensor1d([1]) };
 * const decayed = addDecayedWeights(0.5, (name) => name === "w").apply(updates, {}, { step: 1, parameters });
 * assertEquals(decayed.updates.w!.dataSync()[0], 5);
 * assertEquals(decayed.updates.b!.dataSync()[0], 1);
 * ```
 */
export function addDecayedWeights(rate: number, mask: (name: string) => boolean): Transform {
  return eachTensor(
    "addDecayedWeights",
    (update, name, { parameters }) =>
      rate > 0 && mask(name) ? tf.add(update, tf.mul(parameters[name]!, rate)) : update,
  );
}
