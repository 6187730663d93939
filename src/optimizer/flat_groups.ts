import * as tf from "@tensorflow/tfjs";
import type { ParameterTree } from "./parameter_tree.ts";

/** Where each parameter lies when those of a group are laid end to end, in the order of their names. */
export interface FlatLayout {
  /** Groups and, within them, parts by name; start and size count numbers. */
  readonly groups: readonly {
    readonly group: string;
    readonly parts: readonly {
      readonly name: string;
      readonly shape: number[];
      readonly start: number;
      readonly size: number;
    }[];
  }[];
}

/**
 * The layout of a tree. An update makes a dozen passes over every parameter; over one long vector per group these are
 * a dozen kernels and not a dozen times the number of parameters.
 *
 * @param groupOf The group that a parameter belongs to.
 */
export function flatLayout(
  parameters: ParameterTree,
  groupOf: (name: string, tensor: tf.Tensor) => string,
): FlatLayout {
  const names = Object.keys(parameters).sort();
  const groups = [...new Set(names.map((name) => groupOf(name, parameters[name]!)))].sort();
  return {
    groups: groups.map((group) => {
      let start = 0;
      const parts = names.filter((name) => groupOf(name, parameters[name]!) === group).map((name) => {
        const { shape, size } = parameters[name]!;
        const part = { name, shape: [...shape], start, size };
        start += size;
        return part;
      });
      return { group, parts };
    }),
  };
}

/**
 * One vector per group. Call inside `tf.tidy`.
 *
 * @example
 * ```ts
 * import "@tensorflow/tfjs-backend-cpu";
 * import * as tf from "@tensorflow/tfjs";
 * import { flatLayout, flatten, unflatten } from "./flat_groups.ts";
 * import { assertEquals } from "@std/assert";
 * await tf.setBackend("cpu");
 * const tree = { b: tf.tensor1d([5]), a: tf.tensor2d([[1, 2], [3, 4]]) };
 * const layout = flatLayout(tree, () => "all");
 * const flat = flatten(tree, layout);
 * assertEquals([...flat.all!.dataSync()], [1, 2, 3, 4, 5]);
 * assertEquals(unflatten(flat, layout).a!.shape, [2, 2]);
 * ```
 */
export function flatten(tree: ParameterTree, layout: FlatLayout): ParameterTree {
  return Object.fromEntries(layout.groups.map(({ group, parts }) => {
    const vectors = parts.map(({ name, size }) => tf.reshape(tree[name]!, [size]));
    return [group, vectors.length === 1 ? vectors[0]! : tf.concat(vectors)];
  }));
}

/** The parameters out of the vectors of their groups. Call inside `tf.tidy`. */
export function unflatten(flat: ParameterTree, layout: FlatLayout): ParameterTree {
  return Object.fromEntries(
    layout.groups.flatMap(({ group, parts }) => {
      const cut = cutter(flat[group]!);
      return parts.map(({ name, shape, start, size }) => [name, cut(start, size, shape)]);
    }),
  );
}

/** How to take a part out of a vector as a tensor of its own. */
function cutter(vector: tf.Tensor): (start: number, size: number, shape: number[]) => tf.Tensor {
  if (tf.getBackend() !== "wasm") {
    return (start, size, shape) => tf.reshape(tf.slice(vector, [start], [size]), shape);
  }
  // tfjs's wasm slice copies the whole vector out of its memory for every part; here it is copied once.
  const values = vector.dataSync();
  return (start, size, shape) => tf.tensor(values.subarray(start, start + size), shape, vector.dtype);
}
