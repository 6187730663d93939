import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { type ExclusionArrays, exclusionList } from "../device/exclusions.ts";
import { catalogScores } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { decoderPass, keepAt } from "../model/decoder.ts";
import { NO_DROPOUT } from "../model/dropout.ts";
import type { Parameters } from "../model/parameters.ts";
import { wholeTable } from "../model/token_table.ts";
import { layOutSequences, type SequenceArrays } from "../model/sequences.ts";
import { picksOf } from "./candidates.ts";
import { historyTokens } from "./histories.ts";
import type { SlateShape } from "./policy.ts";

/** What the probability of slates depends on; each of B·G·K picks leaves out what was seen and picked before it. */
export type AutoregressiveArrays = SequenceArrays & ExclusionArrays & {
  /** [B·G·K] int32 the positions that pick. */
  readonly picking: HostArray;
  /** [B·G·K] int32 what they pick. */
  readonly picks: HostArray;
  /** [B·G·K] 1 where there is a pick. */
  readonly present: HostArray;
};

/** Lays slates out for `autoregressiveLogProb`: all G of a context as one sequence [history | slate 1 | … | slate G]. */
export function layOutAutoregressive(
  config: DecoderConfig,
  codec: ItemCodec,
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
  const layout = layOutSequences(config, sequences, codec.opening[0]!);
  const picking = new Int32Array(slateCount * cutoff);
  const picks = new Int32Array(slateCount * cutoff);
  const present = new Float32Array(slateCount * cutoff);
  const exclusions = exclusionList(slateCount * cutoff);
  const seen = contexts.map((context) => exclusions.add(context.seen));
  for (let row = 0; row < slateCount; row++) {
    const b = Math.floor(row / groupSize);
    const own = picksOf(slates, row);
    const [start] = exclusions.add(own);
    own.forEach((item, k) => {
      const place = row * cutoff + k;
      picking[place] = k === 0
        ? layout.historyPosition(b, sequences[b]!.history.length - 1)
        : layout.pickPosition(b, row % groupSize, k - 1);
      picks[place] = item;
      present[place] = 1;
      exclusions.exclude(place, seen[b]!, [start, start + k]);
    });
  }
  return {
    ...layout.arrays,
    ...exclusions.arrays(),
    picking: { data: picking, shape: [slateCount * cutoff] },
    picks: { data: picks, shape: [slateCount * cutoff] },
    present: { data: present, shape: [slateCount * cutoff] },
  };
}

/** [B·G] log-probabilities of slates. */
export function autoregressiveLogProb(
  config: DecoderConfig,
  items: number,
  parameters: Parameters,
  arrays: Uploaded<AutoregressiveArrays>,
  { cutoff }: SlateShape,
  drop = NO_DROPOUT,
): tf.Tensor1D {
  const keep = keepAt(arrays.picking);
  const { hidden, table } = decoderPass(config, parameters, arrays, { drop, keep });
  const scores = catalogScores(hidden, wholeTable(table), items, arrays.picks, { exclusions: arrays });
  const logProbs = tf.sub(tf.reshape(scores.targetScores, [-1]), scores.logTotals);
  return tf.sum(tf.reshape(tf.mul(logProbs, arrays.present), [-1, cutoff]), 1);
}
