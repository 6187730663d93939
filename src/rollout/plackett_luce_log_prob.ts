import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { EXCLUDED, type ExclusionArrays, exclusionList } from "../device/exclusions.ts";
import { catalogScores, logSumExpRows } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { NO_DROPOUT } from "../model/dropout.ts";
import type { Parameters } from "../model/parameters.ts";
import type { SequenceArrays } from "../model/sequences.ts";
import { wholeTable } from "../model/token_table.ts";
import { picksOf } from "./candidates.ts";
import { historiesOf } from "./histories.ts";
import { lastPass } from "./last_hidden.ts";
import type { SlateShape } from "./policy.ts";

/** What the probability of slates depends on. Each of the B contexts leaves out what was seen, and what any slate picks. */
export type PlackettLuceArrays = SequenceArrays & ExclusionArrays & {
  /** [B·G·K] int32 */
  readonly picks: HostArray;
  /** [B·G, K] 1 where there is a pick. */
  readonly present: HostArray;
  /**
   * [B·G, G·K] 0 at those picks of its context's slates that a slate might have picked and did not, each item once;
   * `EXCLUDED` elsewhere.
   */
  readonly others: HostArray;
};

/** Lays slates out for `plackettLuceLogProb`. */
export function layOutPlackettLuce(
  config: DecoderConfig,
  codec: ItemCodec,
  contexts: readonly Context[],
  slates: Slates,
): PlackettLuceArrays {
  const { groupSize, cutoff } = slates;
  const slateCount = contexts.length * groupSize;
  const ofContext = groupSize * cutoff;
  const picks = new Int32Array(slateCount * cutoff);
  const present = new Float32Array(slateCount * cutoff);
  const others = new Float32Array(slateCount * ofContext);
  const exclusions = exclusionList(contexts.length);
  contexts.forEach(({ seen }, b) => {
    const places = new Map<number, number>();
    const left = new Float32Array(ofContext).fill(EXCLUDED);
    const own = Array.from({ length: groupSize }, (_, g) => picksOf(slates, b * groupSize + g));
    own.forEach((items, g) =>
      items.forEach((item, k) => {
        const place = g * cutoff + k;
        picks[b * ofContext + place] = item;
        present[b * ofContext + place] = 1;
        if (places.has(item)) return;
        places.set(item, place);
        left[place] = 0;
      })
    );
    own.forEach((items, g) => {
      const row = (b * groupSize + g) * ofContext;
      others.set(left, row);
      for (const item of items) others[row + places.get(item)!] = EXCLUDED;
    });
    exclusions.exclude(b, exclusions.add(seen), exclusions.add(places.keys()));
  });
  return {
    ...historiesOf(config, codec, contexts).arrays,
    ...exclusions.arrays(),
    picks: { data: picks, shape: [slateCount * cutoff] },
    present: { data: present, shape: [slateCount, cutoff] },
    others: { data: others, shape: [slateCount, ofContext] },
  };
}

/**
 * [B·G] log-probabilities of slates. The catalog is gone through once per context, for what none of its slates picks;
 * the rest are sums of what is left, never a difference of sums.
 */
export function plackettLuceLogProb(
  config: DecoderConfig,
  items: number,
  parameters: Parameters,
  arrays: Uploaded<PlackettLuceArrays>,
  { groupSize, cutoff }: SlateShape,
  drop = NO_DROPOUT,
): tf.Tensor1D {
  const { picks, present, others } = arrays;
  const { hidden, table } = lastPass(config, parameters, arrays, drop);
  const { logTotals, targetScores } = catalogScores(hidden, wholeTable(table), items, picks, {
    exclusions: arrays,
  });
  const rows = hidden.shape[0], slateCount = rows * groupSize, ofContext = groupSize * cutoff;
  const bySlate = (t: tf.Tensor, width: number) =>
    tf.reshape(tf.tile(tf.reshape(t, [rows, 1, width]), [1, groupSize, 1]), [slateCount, width]);
  const rest = logSumExpRows(
    tf.concat([tf.add(bySlate(targetScores, ofContext), others), bySlate(logTotals, 1)], 1) as tf.Tensor2D,
  );
  const picked = tf.reshape(targetScores, [slateCount, cutoff]);
  const held = tf.add(picked, tf.mul(tf.sub(1, present), EXCLUDED));
  // Row k of the triangle keeps the picks from rank k on, and always the never picked in the last column.
  const triangle = new Float32Array(cutoff * (cutoff + 1));
  for (let k = 0; k < cutoff; k++) for (let j = 0; j < k; j++) triangle[k * (cutoff + 1) + j] = EXCLUDED;
  const left = tf.concat([held, tf.reshape(rest, [slateCount, 1])], 1);
  const logLeft = logSumExpRows(
    tf.reshape(
      tf.add(tf.reshape(left, [slateCount, 1, cutoff + 1]), tf.tensor3d(triangle, [1, cutoff, cutoff + 1])),
      [slateCount * cutoff, cutoff + 1],
    ),
  );
  return tf.sum(tf.mul(tf.sub(picked, tf.reshape(logLeft, [slateCount, cutoff])), present), 1);
}
