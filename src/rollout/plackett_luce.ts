import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { Uploaded } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { emptyPicks } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { drawArrays, drawFromHidden, logTotals } from "./draw.ts";
import { historiesOf } from "./histories.ts";
import { lastHidden } from "./last_hidden.ts";
import {
  layOutPlackettLuce,
  type PlackettLuceArrays,
  plackettLuceLogProb,
} from "./plackett_luce_log_prob.ts";
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
    frozen: {},

    async sample(parameters, contexts, options) {
      const { scores: _, ...slates } = await draw(parameters, contexts, options);
      return slates;
    },

    rank: (parameters, contexts, { cutoff }) =>
      draw(parameters, contexts, { groupSize: 1, cutoff, key: null }),

    layOut: (contexts, slates) => layOutPlackettLuce(config, codec, contexts, slates),

    logProb: (parameters, arrays, shape, drop) =>
      plackettLuceLogProb(config, items, parameters, arrays as Uploaded<PlackettLuceArrays>, shape, drop),
  };
}
