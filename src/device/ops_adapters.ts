import * as tf from "@tensorflow/tfjs-core";

/** What adapts some columns of a product: their number, and the two matrices; null where these columns stay. */
export interface AdapterPart {
  readonly columns: number;
  readonly adapter: { readonly a: tf.Tensor2D; readonly b: tf.Tensor2D } | null;
}

/**
 * A product with what low-rank adapters add to it (arXiv 2106.09685): scale·(x·A)·B beside each other for its parts. For
 * the gradient x and the few numbers of x·A are kept, and nothing as wide as the product.
 *
 * @param product [n, columns]
 * @param x [n, d] what the adapters read
 * @param parts from left to right, A [d, rank] and B [rank, columns of the part]
 * @returns [n, columns]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { addAdapters } from "./ops_adapters.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const adapter = { a: tf.tensor2d([[3]]), b: tf.tensor2d([[5]]) };
 * const parts = [{ columns: 1, adapter: null }, { columns: 1, adapter }];
 * const adapted = addAdapters(tf.tensor2d([[1, 1]]), tf.tensor2d([[2]]), parts, 0.5);
 * assertEquals([...adapted.dataSync()], [1, 1 + 0.5 * 2 * 3 * 5]);
 * ```
 */
export function addAdapters(
  product: tf.Tensor2D,
  x: tf.Tensor2D,
  parts: readonly AdapterPart[],
  scale: number,
): tf.Tensor2D {
  const adapters = parts.flatMap(({ adapter }) => adapter === null ? [] : [adapter]);
  const adapted = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const inner = adapters.map(({ a }) => tf.matMul(x, a) as tf.Tensor2D);
    save([x, ...inner, ...adapters.flatMap(({ a, b }) => [a, b])]);
    return {
      value: tf.add(product, tf.mul(changes(x.shape[0], parts, inner), scale)),
      // tfjs would keep what is made on the way to the end of the backward pass.
      gradFunc: (dy, saved) =>
        tf.tidy(() => gradients(dy as tf.Tensor2D, saved as tf.Tensor2D[], parts, scale)),
    };
  });
  return adapted(product, x, ...adapters.flatMap(({ a, b }) => [a, b])) as tf.Tensor2D;
}

/** [n, columns] (x·A)·B of each part. */
function changes(rows: number, parts: readonly AdapterPart[], inner: readonly tf.Tensor2D[]): tf.Tensor2D {
  const left = [...inner];
  const all = parts.map(({ columns, adapter }) =>
    adapter === null ? tf.fill([rows, columns], 0) : tf.matMul(left.shift()!, adapter.b)
  );
  return (all.length === 1 ? all[0]! : tf.concat(all, 1)) as tf.Tensor2D;
}

/** By the product, x, and then A and B of each part that has them. */
function gradients(
  dy: tf.Tensor2D,
  saved: readonly tf.Tensor2D[],
  parts: readonly AdapterPart[],
  scale: number,
): tf.Tensor2D[] {
  const count = parts.filter(({ adapter }) => adapter !== null).length;
  const [x, inner, matrices] = [saved[0]!, saved.slice(1, 1 + count), saved.slice(1 + count)];
  let dx: tf.Tensor2D | null = null;
  const ofMatrices: tf.Tensor2D[] = [];
  let first = 0, at = 0;
  for (const { columns, adapter } of parts) {
    if (adapter !== null) {
      const [a, b] = [matrices[2 * at]!, matrices[2 * at + 1]!];
      const own = tf.mul(tf.slice(dy, [0, first], [dy.shape[0], columns]), scale) as tf.Tensor2D;
      const pulled = tf.matMul(own, b, false, true) as tf.Tensor2D;
      const through = tf.matMul(pulled, a, false, true) as tf.Tensor2D;
      dx = dx === null ? through : tf.add(dx, through) as tf.Tensor2D;
      ofMatrices.push(tf.matMul(x, pulled, true), tf.matMul(inner[at]!, own, true));
      at++;
    }
    first += columns;
  }
  return [tf.clone(dy), dx ?? tf.zerosLike(x), ...ofMatrices];
}
