import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "./fused.ts";

/** Stands for no score: that of an item that may not be picked, and of a pick that is not there. */
export const NO_SCORE = -3e38;

/** What `drawItems` draws with: R rows, in order of the score rows that they share and these in order of the lists. */
export interface DrawInputs {
  /** [lists + 1] int32: list l is `listed` from `starts[l]` to `starts[l + 1]`−1. */
  readonly starts: tf.Tensor;
  /** int32: items that may not be picked. */
  readonly listed: tf.Tensor;
  /** [R, 2] int32: the words of each row's key. */
  readonly keys: tf.Tensor;
  /** [R] factor of the noise; 0 takes the largest scores. */
  readonly spreads: tf.Tensor;
}

/** Picks of R rows, K each, which `drawItems` fills in. */
export interface Picks {
  /** [R, K] int32; −1 where nothing was left to pick. */
  readonly items: tf.Tensor;
  /** [R, K] nats: the score of each. */
  readonly scores: tf.Tensor;
  /** [R, K] nats: log Σ e^score over what could have been picked and was not, in the first column of a draw. */
  readonly rests: tf.Tensor;
}

export interface DrawPlace {
  /** First column of the picks that are drawn; those before it may not be picked again. */
  readonly at: number;
  /** Picks that are drawn. */
  readonly count: number;
  /** Items of the catalog. */
  readonly catalog: number;
  /** The item of the first column of the scores. */
  readonly first: number;
}

/** Room for the picks of `rows` slates. */
export function emptyPicks(rows: number, cutoff: number): Picks {
  return {
    items: tf.fill([rows, cutoff], -1, "int32"),
    scores: tf.fill([rows, cutoff], NO_SCORE),
    rests: tf.fill([rows, cutoff], NO_SCORE),
  };
}

/**
 * Draws without replacement: the `count` items whose score plus `spread` times Gumbel noise is largest (Yellott 1977),
 * falling, at a tie the lower item. The noise of an item is −log(−log u) with u of the counter `at`·catalog + item of its
 * row's key (`RandomKey.uniform`), below 2³²: the same on every device up to the rounding of a logarithm.
 *
 * A large catalog comes in blocks: called for one after another, first item rising from 0, it draws what it would have
 * drawn from all scores at once.
 *
 * @param scores [S, n] of items first … first + n − 1, overwritten where they may not be picked. S is R, or where there
 * are no earlier picks a divisor of it.
 * @param picks changed in place
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { drawItems, emptyPicks } from "./ops_draw.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const picks = emptyPicks(1, 2);
 * const ints = (...values: number[]) => tf.tensor1d(values, "int32");
 * const inputs = { starts: ints(0, 1), listed: ints(3), keys: ints(1, 2), spreads: tf.tensor1d([0]) };
 * drawItems(tf.tensor2d([[1, 2, 0, 3]]), inputs, picks, { at: 0, count: 2, catalog: 4, first: 0 });
 * assertEquals([...picks.items.dataSync()], [1, 0]);
 * assertEquals([...picks.rests.dataSync()], [0, Math.fround(-3e38)]);
 * ```
 */
export function drawItems(
  scores: tf.Tensor2D,
  { starts, listed, keys, spreads }: DrawInputs,
  { items, scores: pickScores, rests }: Picks,
  { at, count, catalog, first }: DrawPlace,
): void {
  const [rows, width] = items.shape as [number, number];
  const [scored, columns] = scores.shape;
  const lists = starts.shape[0]! - 1;
  if (rows % scored !== 0 || scored % lists !== 0 || (at > 0 && rows !== scored)) {
    throw new RangeError(`Cannot draw for ${rows} rows from ${scored} rows of scores with ${lists} lists`);
  }
  if (count < 1 || at + count > width || first + columns > catalog || (at + 1) * catalog > 2 ** 32) {
    throw new RangeError(
      `Cannot draw picks ${at} … ${at + count - 1} of ${width} from ${first + columns} of ${catalog} items`,
    );
  }
  runFused(
    "draw",
    { scores, starts, listed, keys, spreads, items, pickScores, rests },
    { times: rows / scored, perList: scored / lists, at, count, catalog, first },
  );
}
