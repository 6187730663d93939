import type * as tf from "@tensorflow/tfjs";

/** Tensors by name: parameters, gradients, or what an optimizer remembers of them. */
export type ParameterTree = Readonly<Record<string, tf.Tensor>>;

/** Frees every tensor of a tree. What is shared with another tree is gone there too: free the old tree only. */
export function disposeTree(tree: ParameterTree): void {
  for (const tensor of Object.values(tree)) tensor.dispose();
}

/** A tree of the same names with a new tensor for each. */
export function mapTree(
  tree: ParameterTree,
  transform: (tensor: tf.Tensor, name: string) => tf.Tensor,
): ParameterTree {
  return Object.fromEntries(Object.entries(tree).map(([name, tensor]) => [name, transform(tensor, name)]));
}

/** Numbers in all tensors of a tree. */
export function sizeOfTree(tree: ParameterTree): number {
  return Object.values(tree).reduce((sum, tensor) => sum + tensor.size, 0);
}
