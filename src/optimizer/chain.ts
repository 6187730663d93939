import type { ParameterTree } from "./parameter_tree.ts";
import type { Transform, Transformed } from "./transform.ts";

/**
 * Transforms one after the other; each has its part of the state, under its own name.
 *
 * @example
 * ```ts
 * import "@tensorflow/tfjs-backend-cpu";
 * import * as tf from "@tensorflow/tfjs";
 * import { chain } from "./chain.ts";
 * import { scaleBy } from "./scale_by.ts";
 * import { assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const twiceNegated = chain(scaleBy(2), scaleBy(-1, "negate"));
 * const { updates } = twiceNegated.apply({ w: tf.tensor1d([3]) }, {}, { step: 1, parameters: {} });
 * assertEquals([...updates.w!.dataSync()], [-6]);
 * ```
 */
export function chain(...transforms: readonly Transform[]): Transform {
  const names = transforms.map((transform) => transform.name);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) {
    throw new TypeError(`Cannot chain transforms: each needs a name of its own, got "${repeated}" twice`);
  }
  return {
    name: "chain",
    init: (parameters) => joined(transforms, (transform) => transform.init(parameters)),
    apply(updates, state, context) {
      const results: Transformed[] = [];
      for (const transform of transforms) {
        const last = results.at(-1)?.updates ?? updates;
        results.push(transform.apply(last, partOf(state, transform.name), context));
      }
      return {
        updates: results.at(-1)?.updates ?? updates,
        state: joined(transforms, (_, i) => results[i]!.state),
        metrics: Object.assign({}, ...results.map((result) => result.metrics)),
      };
    },
  };
}

function joined(
  transforms: readonly Transform[],
  stateOf: (transform: Transform, index: number) => ParameterTree,
): ParameterTree {
  return Object.fromEntries(
    transforms.flatMap((transform, i) =>
      Object.entries(stateOf(transform, i)).map(([key, tensor]) => [`${transform.name}/${key}`, tensor])
    ),
  );
}

function partOf(state: ParameterTree, name: string): ParameterTree {
  const prefix = `${name}/`;
  return Object.fromEntries(
    Object.entries(state).filter(([key]) => key.startsWith(prefix)).map((
      [key, tensor],
    ) => [key.slice(prefix.length), tensor]),
  );
}
