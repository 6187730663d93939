import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { emptyPicks, logSumExpRows } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { decodePick, prefill } from "../model/cached_decoding.ts";
import { hiddenStates, itemScores } from "../model/decoder.ts";
import { parameter, type Parameters } from "../model/parameters.ts";
import { layOutSequences, rotaryAngles, type SequenceArrays } from "../model/sequences.ts";
import { tidy } from "../model/tidy.ts";
import type { RandomKey } from "../numerics/random.ts";
import { beamSearch } from "./beam_search.ts";
import { EXCLUDED, picksOf, seenMask } from "./candidates.ts";
import { drawArrays, drawFromHidden, logTotals } from "./draw.ts";
import { historiesOf, historyTokens } from "./histories.ts";
import type { Policy, RankedSlates, SlateShape } from "./policy.ts";

/**
 * Slates whose every pick is conditioned on the picks before it:
 * log π = Σ_k log softmax(scores given history and picks before k, over unseen and unpicked items)_(i_k).
 */
export function autoregressivePolicy(config: DecoderConfig, codec: ItemCodec): Policy {
  const items = codec.trie.children(codec.trie.root).length;
  const constants = { slate: "autoregressive", config, items };
  return {
    constants,

    async sample(parameters, contexts, options) {
      const { scores: _, ...slates } = await decode(config, codec, parameters, contexts, options);
      return slates;
    },

    async rank(parameters, contexts, { cutoff, beams }) {
      if (beams > 1) return await beamSearch(config, codec, parameters, contexts, { cutoff, beams });
      return await decode(config, codec, parameters, contexts, { groupSize: 1, cutoff, key: null });
    },

    layOut: (contexts, slates) => layOutSlates(config, codec, items, contexts, slates),

    logProb: (parameters, arrays, shape) =>
      autoregressiveLogProb(config, items, parameters, arrays as Uploaded<SlateArrays>, shape),
  };
}

/** Draws (or, without a key, takes the best) pick by pick, as one computation. */
async function decode(
  config: DecoderConfig,
  codec: ItemCodec,
  parameters: Parameters,
  contexts: readonly Context[],
  { groupSize, cutoff, key }: SlateShape & { readonly key: RandomKey | null },
): Promise<RankedSlates> {
  const items = codec.trie.children(codec.trie.root).length;
  const rows = contexts.length * groupSize;
  const histories = historiesOf(config, codec, contexts);
  const drawn = await takeNumbers(compute({
    name: "decode slates",
    constants: { config, items, groupSize, cutoff },
    arrays: {
      ...histories.arrays,
      ...drawArrays(contexts, groupSize, key),
      angles: rotaryAngles(config, histories.length + cutoff),
    },
    weights: parameters,
  }, (arrays) => {
    const picks = emptyPicks(rows, cutoff);
    let cache = tidy(() => {
      const { cache, last } = prefill(config, parameters, arrays, groupSize, Math.max(1, cutoff - 1));
      drawFromHidden(parameters, last, arrays, picks, { at: 0, count: 1, items });
      return cache;
    });
    for (let at = 1; at < cutoff; at++) {
      cache = tidy(() => {
        // Where nothing was left to pick, what follows is nothing either, whatever is read.
        const newest = tf.maximum(tf.slice(picks.items, [0, at - 1], [rows, 1]), tf.scalar(0, "int32"));
        const next = decodePick(config, parameters, cache, tf.reshape(newest, [rows]), arrays.angles);
        drawFromHidden(parameters, next.hidden, arrays, picks, { at, count: 1, items });
        return next.cache;
      });
    }
    return { ...picks };
  }));
  const scores = new Float64Array(rows * cutoff).fill(NaN);
  const behaviorLogProb = new Float64Array(rows);
  drawn.items.forEach((item, i) => {
    if (item === NO_ITEM) return;
    const own = drawn.scores.subarray(i, i + 1) as Float32Array;
    scores[i] = own[0]! - logTotals(own, drawn.rests[i]!)[0]!;
    behaviorLogProb[Math.floor(i / cutoff)]! += scores[i]!;
  });
  return { groupSize, cutoff, items: drawn.items as Int32Array, behaviorLogProb, scores };
}

/** What the probability of slates depends on. */
type SlateArrays = SequenceArrays & {
  /** [B·G·K] int32 the positions that pick. */
  readonly picking: HostArray;
  /** [B·G·K] int32 what they pick. */
  readonly picks: HostArray;
  /** [B·G·K] 1 where there is a pick. */
  readonly present: HostArray;
  /** [B·G·K, items] `EXCLUDED` at seen and picked items. */
  readonly excluded: HostArray;
};

/** All G slates of a context as one sequence [history | slate 1 | … | slate G]. */
function layOutSlates(
  config: DecoderConfig,
  codec: ItemCodec,
  items: number,
  contexts: readonly Context[],
  slates: Slates,
): SlateArrays {
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

function autoregressiveLogProb(
  config: DecoderConfig,
  items: number,
  parameters: Parameters,
  arrays: Uploaded<SlateArrays>,
  { cutoff }: SlateShape,
): tf.Tensor1D {
  const hidden = hiddenStates(config, parameters, arrays);
  const at = tf.gather(hidden, arrays.picking) as tf.Tensor2D;
  const allowed = tf.add(itemScores(parameters, at, items), arrays.excluded) as tf.Tensor2D;
  const pickedRows = tf.gather(parameter(parameters, "embedding"), arrays.picks);
  const logProbs = tf.sub(tf.sum(tf.mul(at, pickedRows), 1), logSumExpRows(allowed));
  return tf.sum(tf.reshape(tf.mul(logProbs, arrays.present), [-1, cutoff]), 1);
}
