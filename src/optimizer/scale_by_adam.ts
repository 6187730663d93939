import * as tf from "@tensorflow/tfjs";
import { mapTree, type ParameterTree } from "./parameter_tree.ts";
import type { Transform } from "./transform.ts";

/**
 * Adam (arXiv 1412.6980): updates over the root of their mean square, both running means corrected for their start.
 *
 * The state keeps the sums Σ b1^(t−i) g_i and Σ b2^(t−i) g_i², which are the usual means over 1 − b1 and 1 − b2: one
 * pass over the numbers less for each. All factors are made on the host from the step.
 *
 * @param o.b1 Decay of the first sum, 0.9 unless told.
 * @param o.b2 Decay of the second, 0.999 unless told.
 * @param o.epsilon Added to the root, 1e-8 unless told.
 *
 * @example
 * ```ts
 * import "@tensorflow/tfjs-backend-cpu";
 * import * as tf from "@tensorflow/tfjs";
 * import { scaleByAdam } from "./scale_by_adam.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const adam = scaleByAdam();
 * const gradients = { w: tf.tensor1d([0.03, -7]) };
 * // The first step is the sign of the gradient.
 * const { updates } = adam.apply(gradients, adam.init(gradients), { step: 1, parameters: gradients });
 * assertAlmostEquals(updates.w!.dataSync()[0]!, 1, 1e-5);
 * assertAlmostEquals(updates.w!.dataSync()[1]!, -1, 1e-5);
 * ```
 */
export function scaleByAdam(
  o: { readonly b1?: number; readonly b2?: number; readonly epsilon?: number } = {},
): Transform {
  const { b1 = 0.9, b2 = 0.999, epsilon = 1e-8 } = o;
  return {
    name: "scaleByAdam",
    init: (parameters) => ({
      ...prefixed("first", mapTree(parameters, (tensor) => tf.zerosLike(tensor))),
      ...prefixed("second", mapTree(parameters, (tensor) => tf.zerosLike(tensor))),
    }),
    apply(updates, state, { step }) {
      const toFirstMoment = (1 - b1) / (1 - b1 ** step);
      const toSecondMoment = Math.sqrt((1 - b2) / (1 - b2 ** step));
      const first = mapTree(updates, (g, name) => tf.add(tf.mul(state[`first.${name}`]!, b1), g));
      const second = mapTree(
        updates,
        (g, name) => tf.add(tf.mul(state[`second.${name}`]!, b2), tf.square(g)),
      );
      return {
        updates: mapTree(updates, (_, name) => {
          const root = tf.add(tf.sqrt(second[name]!), epsilon / toSecondMoment);
          return tf.mul(tf.div(first[name]!, root), toFirstMoment / toSecondMoment);
        }),
        state: { ...prefixed("first", first), ...prefixed("second", second) },
        metrics: {},
      };
    },
  };
}

function prefixed(prefix: string, tree: ParameterTree): ParameterTree {
  return Object.fromEntries(Object.entries(tree).map(([name, tensor]) => [`${prefix}.${name}`, tensor]));
}
