import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { logSumExpRows } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { hiddenStates, itemScores } from "../model/decoder.ts";
import { parameter, type Parameters } from "../model/parameters.ts";
import { layOutSequences, type SequenceArrays } from "../model/sequences.ts";
import { EXCLUDED, picksOf, seenMask } from "./candidates.ts";
import { historyTokens } from "./histories.ts";
import type { SlateShape } from "./policy.ts";

/** What the probability of slates depends on. */
export type AutoregressiveArrays = SequenceArrays & {
  /** [B·G·K] int32 the positions that pick. */
  readonly picking: HostArray;
  /** [B·G·K] int32 what they pick. */
  readonly picks: HostArray;
  /** [B·G·K] 1 where there is a pick. */
  readonly present: HostArray;
  /** [B·G·K, items] `EXCLUDED` at seen and picked items. */
  readonly excluded: HostArray;
};

/** Lays slates out for `autoregressiveLogProb`: all G of a context as one sequence [history | slate 1 | … | slate G]. */
export function layOutAutoregressive(
  config: DecoderConfig,
  codec: ItemCodec,
  items: number,
  contexts: readonly Context[],
  slates: Slates,
): AutoregressiveArrays {
  const { groupSize, cutoff } = slates;
  const slateCount = contexts.length * groupSize;
  const sequences = contexts.map((context, b) => {
    const history = historyTokens(codec, context.history);
    const branches = Array.from({ length: groupSize }, (_, g) => ({
      start: history.length,
      picks: [...picksOf(slates, b * groupSize + g)].slice(0, -1),
    }));
    return { history, branches };
  });
  const layout = layOutSequences(config, sequences, codec.begin);
  const picking = new Int32Array(slateCount * cutoff);
  const picks = new Int32Array(slateCount * cutoff);
  const present = new Float32Array(slateCount * cutoff);
  const mask = new Float32Array(slateCount * cutoff * items);
  const seen = seenMask(contexts, items);
  for (let row = 0; row < slateCount; row++) {
    const b = Math.floor(row / groupSize);
    const excluded = seen.slice(b * items, (b + 1) * items);
    picksOf(slates, row).forEach((item, k) => {
      const place = row * cutoff + k;
      picking[place] = k === 0
        ? layout.historyPosition(b, sequences[b]!.history.length - 1)
        : layout.pickPosition(b, row % groupSize, k - 1);
      picks[place] = item;
      present[place] = 1;
      mask.set(excluded, place * items);
      excluded[item] = EXCLUDED;
    });
  }
  return {
    ...layout.arrays,
    picking: { data: picking, shape: [slateCount * cutoff] },
    picks: { data: picks, shape: [slateCount * cutoff] },
    present: { data: present, shape: [slateCount * cutoff] },
    excluded: { data: mask, shape: [slateCount * cutoff, items] },
  };
}

/** [B·G] log-probabilities of slates. */
export function autoregressiveLogProb(
  config: DecoderConfig,
  items: number,
  parameters: Parameters,
  arrays: Uploaded<AutoregressiveArrays>,
  { cutoff }: SlateShape,
): tf.Tensor1D {
  const hidden = hiddenStates(config, parameters, arrays);
  const at = tf.gather(hidden, arrays.picking) as tf.Tensor2D;
  const allowed = tf.add(itemScores(parameters, at, items), arrays.excluded) as tf.Tensor2D;
  const pickedRows = tf.gather(parameter(parameters, "embedding"), arrays.picks);
  const logProbs = tf.sub(tf.sum(tf.mul(at, pickedRows), 1), logSumExpRows(allowed));
  return tf.sum(tf.reshape(tf.mul(logProbs, arrays.present), [-1, cutoff]), 1);
}
