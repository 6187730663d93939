import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { Uploaded } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { emptyPicks } from "../device/ops.ts";
import { decodePick, prefill } from "../model/cached_decoding.ts";
import type { DecoderConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import { rotaryAngles } from "../model/sequences.ts";
import { tidy } from "../model/tidy.ts";
import type { RandomKey } from "../numerics/random.ts";
import {
  type AutoregressiveArrays,
  autoregressiveLogProb,
  layOutAutoregressive,
} from "./autoregressive_log_prob.ts";
import { beamSearch } from "./beam_search.ts";
import { drawArrays, drawFromHidden } from "./draw.ts";
import { historiesOf } from "./histories.ts";
import type { Policy, RankedSlates, SlateShape } from "./policy.ts";
import { exp } from "../numerics/exponentials.ts";
import { log1p } from "../numerics/logarithms.ts";

/**
 * Slates whose every pick is conditioned on the picks before it:
 * log π = Σ_k log softmax(scores given history and picks before k, over unseen and unpicked items)_(i_k).
 */
export function autoregressivePolicy(config: DecoderConfig, codec: ItemCodec): Policy {
  const items = codec.trie.children(codec.trie.root).length;
  const constants = { slate: "autoregressive", config, items };
  return {
    constants,
    frozen: {},

    async sample(parameters, contexts, options) {
      const { scores: _, ...slates } = await decode(config, codec, parameters, contexts, options);
      return slates;
    },

    async rank(parameters, contexts, { cutoff, beams }) {
      if (beams > 1) return await beamSearch(config, codec, parameters, contexts, { cutoff, beams });
      return await decode(config, codec, parameters, contexts, { groupSize: 1, cutoff, key: null });
    },

    layOut: (contexts, slates) => layOutAutoregressive(config, codec, contexts, slates),

    logProb: (parameters, arrays, shape, drop) =>
      autoregressiveLogProb(config, items, parameters, arrays as Uploaded<AutoregressiveArrays>, shape, drop),
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
    const cache = tidy(() => {
      const { cache, last } = prefill(config, parameters, arrays, groupSize, Math.max(1, cutoff - 1));
      drawFromHidden(parameters, last, arrays, picks, { at: 0, count: 1, items });
      return cache;
    });
    for (let at = 1; at < cutoff; at++) {
      tidy(() => {
        // Where nothing was left to pick, what follows is nothing either, whatever is read.
        const newest = tf.maximum(tf.slice(picks.items, [0, at - 1], [rows, 1]), tf.scalar(0, "int32"));
        const made = tf.tensor1d([at - 1], "int32");
        const hidden = decodePick(config, parameters, cache, tf.reshape(newest, [rows]), made, arrays.angles);
        drawFromHidden(parameters, hidden, arrays, picks, { at, count: 1, items });
      });
    }
    return { ...picks };
  }));
  const scores = new Float64Array(rows * cutoff).fill(NaN);
  const behaviorLogProb = new Float64Array(rows);
  drawn.items.forEach((item, i) => {
    if (item === NO_ITEM) return;
    const [score, rest] = [drawn.scores[i]!, drawn.rests[i]!];
    // log of its share: −log(1 + e^(rest − score)), rest being all that might have been picked in its place.
    scores[i] = rest > score ? score - rest - log1p(exp(score - rest)) : -log1p(exp(rest - score));
    behaviorLogProb[Math.floor(i / cutoff)]! += scores[i]!;
  });
  return { groupSize, cutoff, items: drawn.items as Int32Array, behaviorLogProb, scores };
}
