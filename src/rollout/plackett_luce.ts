import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { emptyPicks, logSumExpRows } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { hiddenStates, itemScores } from "../model/decoder.ts";
import { parameter, type Parameters } from "../model/parameters.ts";
import type { SequenceArrays } from "../model/sequences.ts";
import type { RandomKey } from "../numerics/random.ts";
import { EXCLUDED, picksOf, seenMask } from "./candidates.ts";
import { drawArrays, drawFromHidden, logTotals } from "./draw.ts";
import { historiesOf } from "./histories.ts";
import type { Policy, SlateShape } from "./policy.ts";

/**
 * Slates drawn without replacement from one score vector per context (Plackett 1975, Luce 1959):
 * log π = Σ_k s_(i_k) − log Σ_(j unseen, not yet picked) e^(s_j). One pass of the decoder serves all G slates.
 */
export function plackettLucePolicy(config: DecoderConfig, codec: ItemCodec): Policy {
  const items = codec.trie.children(codec.trie.root).length;
  const constants = { slate: "plackett-luce", config, items };
  /** G slates a context with noise from a key, or the likeliest one. */
  const draw = async (
    parameters: Parameters,
    contexts: readonly Context[],
    { groupSize, cutoff, key }: SlateShape & { readonly key: RandomKey | null },
  ) => {
    const drawn = await takeNumbers(compute({
      name: "draw slates",
      constants: { ...constants, groupSize, cutoff },
      arrays: { ...historiesOf(config, codec, contexts).arrays, ...drawArrays(contexts, groupSize, key) },
      weights: parameters,
    }, (arrays) => {
      const picks = emptyPicks(contexts.length * groupSize, cutoff);
      const hidden = lastHidden(config, parameters, arrays);
      drawFromHidden(parameters, hidden, arrays, picks, { at: 0, count: cutoff, items });
      return { ...picks };
    }));
    const scores = new Float64Array(drawn.scores.length);
    const behaviorLogProb = new Float64Array(contexts.length * groupSize);
    for (let row = 0; row < behaviorLogProb.length; row++) {
      const own = drawn.scores.subarray(row * cutoff, (row + 1) * cutoff) as Float32Array;
      const totals = logTotals(own, drawn.rests[row * cutoff]!);
      own.forEach((score, k) => {
        const there = drawn.items[row * cutoff + k] !== NO_ITEM;
        scores[row * cutoff + k] = there ? score - totals[0]! : NaN;
        if (there) behaviorLogProb[row]! += score - totals[k]!;
      });
    }
    return { groupSize, cutoff, items: drawn.items as Int32Array, behaviorLogProb, scores };
  };
  return {
    constants,

    async sample(parameters, contexts, options) {
      const { scores: _, ...slates } = await draw(parameters, contexts, options);
      return slates;
    },

    rank: (parameters, contexts, { cutoff }) =>
      draw(parameters, contexts, { groupSize: 1, cutoff, key: null }),

    layOut: (contexts, slates) => ({
      ...historiesOf(config, codec, contexts).arrays,
      ...layOutSlates(contexts, slates, items),
    }),

    logProb: (parameters, arrays, shape) =>
      plackettLuceLogProb(
        parameters,
        lastHidden(config, parameters, arrays as Uploaded<SequenceArrays>),
        arrays as Uploaded<SlateArrays>,
        shape,
        items,
      ),
  };
}

/** Hidden state at the newest position of each context, [B, width]. */
function lastHidden(
  config: DecoderConfig,
  parameters: Parameters,
  arrays: Uploaded<SequenceArrays>,
): tf.Tensor2D {
  const [rows, length] = arrays.tokens.shape as [number, number];
  const hidden = hiddenStates(config, parameters, arrays);
  return tf.reshape(
    tf.slice(tf.reshape(hidden, [rows, length, config.width]), [0, length - 1, 0], [rows, 1, config.width]),
    [rows, config.width],
  );
}

/** What the probability of slates depends on beside the scores. */
type SlateArrays = {
  /** [B·G, items] 0 at what a slate might have picked and did not, `EXCLUDED` elsewhere. */
  readonly neverPicked: HostArray;
  /** [B·G·K] int32 */
  readonly picks: HostArray;
  /** [B·G, K] 1 where there is a pick. */
  readonly present: HostArray;
};

function layOutSlates(contexts: readonly Context[], slates: Slates, items: number): SlateArrays {
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
    neverPicked: { data: neverPicked, shape: [slateCount, items] },
    picks: { data: picks, shape: [slateCount * cutoff] },
    present: { data: present, shape: [slateCount, cutoff] },
  };
}

/** [B·G] log-probabilities from hidden states [B, width]. Suffix sums of what is left, never a difference of sums. */
function plackettLuceLogProb(
  parameters: Parameters,
  hidden: tf.Tensor2D,
  { neverPicked, picks, present }: Uploaded<SlateArrays>,
  { groupSize, cutoff }: SlateShape,
  items: number,
): tf.Tensor1D {
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
