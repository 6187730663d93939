import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { filledSize } from "../device/coarse_size.ts";
import { catalogScores } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { type Dropout, NO_DROPOUT } from "../model/dropout.ts";
import { decoderPass, keepAt } from "../model/decoder.ts";
import type { Parameters } from "../model/parameters.ts";
import { layOutSequences, type SequenceArrays, type SequenceLayout } from "../model/sequences.ts";
import { wholeTable } from "../model/token_table.ts";
import type { RandomKey } from "../numerics/random.ts";
import { historyTokens } from "../rollout/histories.ts";
import type { NextItemExample } from "./next_item_examples.ts";
import { plausiblePicks } from "./plausible_picks.ts";
import { type SampledArrays, sampledCrossEntropy } from "./sampled_items.ts";
import { SLATE_SHARE } from "./supervision.ts";

/** A place of a batch where an item is to be predicted. */
interface Prediction {
  readonly position: number;
  readonly item: number;
  readonly weight: number;
}

/** What the loss reads of a batch. */
export type NextItemArrays = SequenceArrays & {
  /** [n] int32 flat positions that predict. */
  readonly predicting: HostArray;
  /** [n] int32 the items to be predicted. */
  readonly targets: HostArray;
  /** [n] They sum to 1 over the history's predictions, and to `SLATE_SHARE` over those in slates. */
  readonly weights: HostArray;
};

/** A batch laid out for `nextItemLoss`. */
export interface NextItemBatch {
  readonly sequences: SequenceLayout;
  readonly arrays: NextItemArrays;
  /** Predictions that count; the others have no weight. */
  readonly predictions: number;
}

/** The number of predictions is rounded up to a multiple of this (weight 0), so that few shapes occur. */
const PREDICTION_STEP = 256;

/** Lays examples out for a pass that predicts every target from the history before it. */
export function nextItemBatch(
  config: DecoderConfig,
  codec: ItemCodec,
  examples: readonly NextItemExample[],
): NextItemBatch {
  const sequences = layOutSequences(
    config,
    examples.map(({ history }) => ({ history: historyTokens(codec, history), branches: [] })),
    codec.opening[0]!,
  );
  return batchOf(sequences, [{ predictions: historyPredictions(sequences, examples), share: 1 }]);
}

/**
 * The same for slates whose picks see the picks before them. Some targets of each example are also predicted at
 * every rank of a slate, after picks taken from the model's own likely items: what belongs at rank k when the earlier
 * picks were plausible and wrong. Without it a slate drifts along the trajectory of its own picks.
 */
export async function slateBatch(
  config: DecoderConfig,
  codec: ItemCodec,
  parameters: Parameters,
  examples: readonly NextItemExample[],
  options: { readonly cutoff: number; readonly branches: number; readonly key: RandomKey },
): Promise<NextItemBatch> {
  const chosen = examples.map(({ targets }, row) => {
    const order = options.key.split("cut", row).permutation(targets.length);
    return [...order].slice(0, options.branches).map((i) => targets[i]!);
  });
  const picks = await plausiblePicks(config, codec, parameters, examples, chosen, options);
  const sequences = layOutSequences(
    config,
    examples.map(({ history }, row) => ({
      history: historyTokens(codec, history),
      branches: chosen[row]!.map(({ after }, branch) => ({ start: after + 1, picks: picks[row]![branch]! })),
    })),
    codec.opening[0]!,
  );
  const inSlates: Prediction[] = [];
  chosen.forEach((targets, row) =>
    targets.forEach(({ item, weight }, branch) =>
      picks[row]![branch]!.forEach((_, k) =>
        inSlates.push({ position: sequences.pickPosition(row, branch, k), item, weight })
      )
    )
  );
  return batchOf(sequences, [
    { predictions: historyPredictions(sequences, examples), share: 1 },
    { predictions: inSlates, share: SLATE_SHARE },
  ]);
}

/**
 * Cross-entropy in nats, weighted over the batch's predictions. Differentiable.
 *
 * @param sampled items that stand for the catalog; null goes through all of it.
 */
export function nextItemLoss(
  config: DecoderConfig,
  items: number,
  parameters: Parameters,
  batch: Uploaded<NextItemArrays>,
  drop: Dropout = NO_DROPOUT,
  sampled: Uploaded<SampledArrays> | null = null,
): tf.Scalar {
  const keep = keepAt(batch.predicting);
  // Where about every token predicts, choosing them early saves nothing and is paid for twice.
  const few = batch.predicting.size < batch.tokens.size;
  const { hidden: kept, table } = decoderPass(config, parameters, batch, few ? { drop, keep } : { drop });
  const hidden = few ? kept : keep(kept);
  const embedding = wholeTable(table);
  const losses = sampled === null
    ? crossEntropy(hidden, embedding, items, batch.targets)
    : sampledCrossEntropy(hidden, embedding, items, batch.targets, sampled);
  return tf.sum(tf.mul(losses, batch.weights));
}

/** [n] cross-entropy in nats of each prediction over the whole catalog. */
function crossEntropy(
  hidden: tf.Tensor2D,
  embedding: tf.Tensor2D,
  items: number,
  targets: tf.Tensor,
): tf.Tensor1D {
  const { logTotals, targetScores } = catalogScores(hidden, embedding, items, targets);
  return tf.sub(logTotals, tf.reshape(targetScores, [-1]));
}

function historyPredictions(sequences: SequenceLayout, examples: readonly NextItemExample[]): Prediction[] {
  return examples.flatMap(({ targets }, row) =>
    targets.map(({ after, item, weight }) => ({
      position: sequences.historyPosition(row, after),
      item,
      weight,
    }))
  );
}

/** Predictions whose weights sum to `share`. */
interface PredictionGroup {
  readonly predictions: readonly Prediction[];
  readonly share: number;
}

function batchOf(sequences: SequenceLayout, groups: readonly PredictionGroup[]): NextItemBatch {
  const predictions = groups.flatMap(({ predictions, share }) => {
    const total = predictions.reduce((sum, { weight }) => sum + weight, 0);
    return predictions.map((prediction) => ({ ...prediction, weight: share * prediction.weight / total }));
  });
  const count = filledSize(predictions.length, PREDICTION_STEP);
  const predicting = new Int32Array(count);
  const targets = new Int32Array(count);
  const weights = new Float32Array(count);
  predictions.forEach(({ position, item, weight }, i) => {
    predicting[i] = position;
    targets[i] = item;
    weights[i] = weight;
  });
  return {
    sequences,
    arrays: {
      ...sequences.arrays,
      predicting: { data: predicting, shape: [count] },
      targets: { data: targets, shape: [count] },
      weights: { data: weights, shape: [count] },
    },
    predictions: predictions.length,
  };
}
