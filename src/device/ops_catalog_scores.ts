import * as tf from "@tensorflow/tfjs-core";
import { type Exclusions, noExclusions } from "./exclusions.ts";
import { runFused } from "./fused.ts";
import { logSumExpRows } from "./ops_log_sum_exp.ts";
import { addToRows, putRows, zeroTable } from "./table_rows.ts";

/** What a loss over a catalog needs of its scores. */
export interface CatalogScores {
  /** [n] log Σ_c e^(h_r·E_c) in nats, over the items that row r does not leave out. About −1e9 where it leaves out all. */
  readonly logTotals: tf.Tensor1D;
  /** [n, t] h_r·E of the row's targets, left out or not. */
  readonly targetScores: tf.Tensor2D;
}

/** How the scores are computed. */
export interface CatalogOptions {
  /** What each row leaves out; nothing unless told. */
  readonly exclusions?: Exclusions;
  /** Bytes of scores that are held at a time; every WebGPU device binds twice as many as the default. */
  readonly blockBytes?: number;
  /** Whether the table is a constant: then no gradient of it is computed or held. Unless told, it has one. */
  readonly frozenTable?: boolean;
}

const BLOCK_BYTES = 64 * 2 ** 20;

/**
 * Scores of hidden states against the first `items` rows of a table, of which only the totals and those of the targets
 * are kept. What is in memory is a block of items at a time, [n, block], and for the gradient one table, unless that is
 * frozen. Where the catalog is one block its scores are kept for the gradient, and computed again otherwise.
 *
 * @param hidden [n, d]
 * @param table [V, d], items first
 * @param targets [n·t] int32 rows of the table, those of a row of `hidden` side by side; t ≥ 1
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { exclusionList } from "./exclusions.ts";
 * import { catalogScores } from "./ops_catalog_scores.ts";
 * import { openDevice } from "./open_device.ts";
 * import { uploadArrays } from "./arrays.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const [hidden, table] = [tf.tensor2d([[1]]), tf.tensor2d([[2], [2], [7]])];
 * const list = exclusionList(1);
 * list.exclude(0, list.add([2]));
 * const exclusions = uploadArrays(list.arrays());
 * const { logTotals, targetScores } = catalogScores(hidden, table, 3, tf.tensor1d([2], "int32"), { exclusions });
 * assertAlmostEquals(logTotals.dataSync()[0]!, 2 + Math.log(2), 1e-6);
 * assertAlmostEquals(targetScores.dataSync()[0]!, 7, 1e-6);
 * ```
 */
export function catalogScores(
  hidden: tf.Tensor2D,
  table: tf.Tensor2D,
  items: number,
  targets: tf.Tensor,
  { exclusions, blockBytes = BLOCK_BYTES, frozenTable = false }: CatalogOptions = {},
): CatalogScores {
  const rows = hidden.shape[0];
  const perRow = targets.size / rows;
  const left = exclusions ?? noExclusions(rows);
  const blocks = blocksOf(items, Math.floor(blockBytes / (4 * rows)));
  const scored = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const { logTotals, kept } = totals(hidden, table, blocks, left);
    const targetRows = tf.gather(table, targets) as tf.Tensor2D;
    const targetScores = tf.sum(
      tf.mul(tf.expandDims(hidden, 1), tf.reshape(targetRows, [rows, perRow, -1])),
      2,
    );
    save([hidden, table, logTotals, targets, targetRows, left.exclusionSpans, left.excludedItems, ...kept]);
    return {
      value: tf.concat([tf.reshape(logTotals, [rows, 1]), targetScores], 1),
      gradFunc: (dy, saved) => gradients(dy as tf.Tensor2D, saved, blocks, frozenTable),
    };
  });
  const both = frozenTable ? scored(hidden) : scored(hidden, table);
  const [logTotals, targetScores] = tf.split(both, [1, perRow], 1);
  return { logTotals: tf.reshape(logTotals!, [rows]), targetScores: targetScores as tf.Tensor2D };
}

/** Items `first` … `first + size − 1`. */
interface Block {
  readonly first: number;
  readonly size: number;
}

/** As few blocks of at most `most` items as there can be, alike but for the last. */
function blocksOf(items: number, most: number): Block[] {
  const count = Math.ceil(items / Math.max(1, most));
  const size = Math.ceil(items / count);
  return Array.from(
    { length: Math.ceil(items / size) },
    (_, i) => ({ first: i * size, size: Math.min(size, items - i * size) }),
  );
}

function rowsOf(table: tf.Tensor2D, { first, size }: Block): tf.Tensor2D {
  return tf.slice(table, [first, 0], [size, table.shape[1]]);
}

/** [n] log-totals, and the scores [n, items] with what is left out at −1e9, where they are one block. */
function totals(
  hidden: tf.Tensor2D,
  table: tf.Tensor2D,
  blocks: readonly Block[],
  { exclusionSpans: spans, excludedItems: excluded }: Exclusions,
): { logTotals: tf.Tensor1D; kept: tf.Tensor2D[] } {
  const rows = hidden.shape[0];
  const parts = tf.fill([rows, blocks.length], 0) as tf.Tensor2D;
  const scoresOf = (block: Block, column: number) => {
    const z = tf.matMul(hidden, rowsOf(table, block), false, true) as tf.Tensor2D;
    runFused("catalogTotals", { z, parts, spans, excluded }, { first: block.first, column });
    return z;
  };
  if (blocks.length === 1) return { kept: [scoresOf(blocks[0]!, 0)], logTotals: tf.reshape(parts, [rows]) };
  blocks.forEach((block, column) => tf.tidy(() => void scoresOf(block, column)));
  return { kept: [], logTotals: logSumExpRows(parts) };
}

/** That of the hidden states and, unless it is frozen, that of the table. */
function gradients(
  dy: tf.Tensor2D,
  saved: tf.Tensor[],
  blocks: readonly Block[],
  frozenTable: boolean,
): tf.Tensor2D[] {
  const [hidden, table, logTotals, targets, targetRows, spans, excluded, kept] = saved as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor1D,
    tf.Tensor,
    tf.Tensor2D,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor2D | undefined,
  ];
  const [rows, width] = hidden.shape;
  const perRow = dy.shape[1] - 1;
  const [ofTotals, ofTargets] = tf.split(dy, [1, perRow], 1) as [tf.Tensor, tf.Tensor];
  const pulls = tf.expandDims(ofTargets, 2);
  const dTable = frozenTable ? null : zeroTable(table.shape[0], width);
  const pulled = tf.mul(pulls, tf.reshape(targetRows, [rows, perRow, width]));
  let dHidden = (perRow === 1 ? tf.reshape(pulled, [rows, width]) : tf.sum(pulled, 1)) as tf.Tensor2D;
  for (const block of blocks) {
    dHidden = tf.tidy(() => {
      const blockRows = rowsOf(table, block);
      const z = kept ?? tf.matMul(hidden, blockRows, false, true);
      const inputs = { z, totals: logTotals, dy: ofTotals, spans, excluded };
      // From here on z is the shares of the items, times dy: nobody needs the scores again.
      runFused("catalogShares", inputs, { first: block.first });
      if (dTable) putRows(dTable, tf.matMul(z, hidden, true), block.first);
      return tf.add(dHidden, tf.matMul(z, blockRows)) as tf.Tensor2D;
    });
  }
  if (!dTable) return [dHidden];
  const byTarget = tf.reshape(tf.mul(pulls, tf.expandDims(hidden, 1)), [rows * perRow, width]);
  addToRows(dTable, byTarget as tf.Tensor2D, targets);
  return [dHidden, dTable];
}
