import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { logSumExpRows } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { itemScores } from "../model/decoder.ts";
import { parameter, type Parameters } from "../model/parameters.ts";
import type { SequenceArrays } from "../model/sequences.ts";
import { EXCLUDED, picksOf, seenMask } from "./candidates.ts";
import { historiesOf } from "./histories.ts";
import { lastHidden } from "./last_hidden.ts";
import type { SlateShape } from "./policy.ts";

/** What the probability of slates depends on. */
export type PlackettLuceArrays = SequenceArrays & {
  /** [B·G, items] 0 at what a slate might have picked and did not, `EXCLUDED` elsewhere. */
  readonly neverPicked: HostArray;
  /** [B·G·K] int32 */
  readonly picks: HostArray;
  /** [B·G, K] 1 where there is a pick. */
  readonly present: HostArray;
};

/** Lays slates out for `plackettLuceLogProb`. */
export function layOutPlackettLuce(
  config: DecoderConfig,
  codec: ItemCodec,
  items: number,
  contexts: readonly Context[],
  slates: Slates,
): PlackettLuceArrays {
  const { groupSize, cutoff } = slates;
  const slateCount = contexts.length * groupSize;
  const neverPicked = seenMask(contexts, items, groupSize);
  const picks = new Int32Array(slateCount * cutoff);
  const present = new Float32Array(slateCount * cutoff);
  for (let row = 0; row < slateCount; row++) {
    picksOf(slates, row).forEach((item, k) => {
      neverPicked[row * items + item] = EXCLUDED;
      picks[row * cutoff + k] = item;
      present[row * cutoff + k] = 1;
    });
  }
  return {
    ...historiesOf(config, codec, contexts).arrays,
    neverPicked: { data: neverPicked, shape: [slateCount, items] },
    picks: { data: picks, shape: [slateCount * cutoff] },
    present: { data: present, shape: [slateCount, cutoff] },
  };
}

/** [B·G] log-probabilities of slates. Suffix sums of what is left, never a difference of sums. */
export function plackettLuceLogProb(
  config: DecoderConfig,
  items: number,
  parameters: Parameters,
  arrays: Uploaded<PlackettLuceArrays>,
  { groupSize, cutoff }: SlateShape,
): tf.Tensor1D {
  const { neverPicked, picks, present } = arrays;
  const hidden = lastHidden(config, parameters, arrays);
  const [rows, width] = hidden.shape;
  const slateCount = rows * groupSize;
  const scores = tf.reshape(itemScores(parameters, hidden, items), [rows, 1, items]);
  const rest = logSumExpRows(
    tf.reshape(tf.add(scores, tf.reshape(neverPicked, [rows, groupSize, items])), [slateCount, items]),
  );
  const pickedRows = tf.gather(parameter(parameters, "embedding"), picks);
  const picked = tf.reshape(
    tf.sum(
      tf.mul(
        tf.reshape(hidden, [rows, 1, width]),
        tf.reshape(pickedRows, [rows, groupSize * cutoff, width]),
      ),
      2,
    ),
    [slateCount, cutoff],
  );
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
