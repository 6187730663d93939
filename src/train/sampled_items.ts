import * as tf from "@tensorflow/tfjs";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { type ExclusionArrays, exclusionList } from "../device/exclusions.ts";
import { catalogScores } from "../device/ops.ts";
import type { RandomKey } from "../numerics/random.ts";
import { log } from "../numerics/logarithms.ts";

/** Items that stand for the whole catalog in one step; each prediction leaves out its own target among them. */
export type SampledArrays = ExclusionArrays & {
  /** [N] int32 rising, shared by all predictions of the batch. */
  readonly negatives: HostArray;
};

/**
 * Draws N of the items, one from each of N stretches of like length: each item is expected N/items times, and where N
 * is items each comes once.
 *
 * @param targets [n] what is to be predicted.
 *
 * @example
 * ```ts
 * import { randomKey } from "../numerics/random.ts";
 * import { sampleItems } from "./sampled_items.ts";
 * import { assertEquals } from "@std/assert";
 * const { negatives } = sampleItems(3, 8, Int32Array.of(2), randomKey(1));
 * assertEquals([...negatives.data], [0, 1, 2]); // no more than there are
 * ```
 */
export function sampleItems(
  items: number,
  wanted: number,
  targets: ArrayLike<number>,
  key: RandomKey,
): SampledArrays {
  const count = Math.min(wanted, items);
  const drawn = Int32Array.from(
    { length: count },
    (_, i) => Math.min(items - 1, Math.floor((i + key.uniform(i)) * items / count)),
  );
  const places = Map.groupBy(drawn.keys(), (place) => drawn[place]!);
  const exclusions = exclusionList(targets.length);
  for (let row = 0; row < targets.length; row++) {
    exclusions.exclude(row, exclusions.add(places.get(targets[row]!) ?? []));
  }
  return { negatives: { data: drawn, shape: [count] }, ...exclusions.arrays() };
}

/**
 * [n] cross-entropy in nats of each prediction, its total estimated from the target and the sampled items (Jean et al.
 * 2015, arXiv 1412.2007): a sampled item stands for items/N of the catalog, so log N/items is taken from its score.
 * The target is sure to be there, and is not among those that were sampled.
 *
 * @param hidden [n, width]
 * @param embedding [V, width], items first
 * @param targets [n] int32
 */
export function sampledCrossEntropy(
  hidden: tf.Tensor2D,
  embedding: tf.Tensor2D,
  items: number,
  targets: tf.Tensor,
  sampled: Uploaded<SampledArrays>,
): tf.Tensor1D {
  const rows = hidden.shape[0], count = sampled.negatives.shape[0]!;
  const table = tf.gather(embedding, tf.concat([sampled.negatives, targets])) as tf.Tensor2D;
  const places = tf.range(count, count + rows, 1, "int32");
  const scores = catalogScores(hidden, table, count, places, { exclusions: sampled });
  const lead = tf.sub(
    tf.add(scores.logTotals, log(items / count)),
    tf.reshape(scores.targetScores, [rows]),
  );
  return tf.softplus(lead) as tf.Tensor1D;
}
