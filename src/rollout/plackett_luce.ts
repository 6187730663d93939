import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { Slates } from "../core/slates.ts";
import { logSumExpRows } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { hiddenStates, itemScores } from "../model/decoder.ts";
import { parameter, type Parameters } from "../model/parameters.ts";
import { tidy } from "../model/tidy.ts";
import { logSumExp } from "../numerics/log_space.ts";
import { EXCLUDED, picksOf, seenMask, topItems } from "./candidates.ts";
import { historiesOf } from "./histories.ts";
import type { Policy } from "./policy.ts";

/**
 * Slates drawn without replacement from one score vector per context (Plackett 1975, Luce 1959):
 * log π = Σ_k s_(i_k) − log Σ_(j unseen, not yet picked) e^(s_j). One pass of the decoder serves all G slates.
 */
export function plackettLucePolicy(config: DecoderConfig, codec: ItemCodec): Policy {
  const items = codec.trie.children(codec.trie.root).length;
  const readScores = async (parameters: Parameters, contexts: readonly Context[]) => {
    const scores = tidy(() => itemScores(parameters, lastHidden(config, codec, parameters, contexts), items));
    const values = await scores.data() as Float32Array;
    scores.dispose();
    return contexts.map((_, row) => values.subarray(row * items, (row + 1) * items));
  };
  return {
    async sample(parameters, contexts, { groupSize, cutoff, key }) {
      const scores = await readScores(parameters, contexts);
      const drawn = new Int32Array(contexts.length * groupSize * cutoff);
      const behaviorLogProb = new Float64Array(contexts.length * groupSize);
      const perturbed = new Float64Array(items);
      contexts.forEach((context, b) => {
        const constrained = constrain(scores[b]!, context);
        for (let g = 0; g < groupSize; g++) {
          const row = b * groupSize + g;
          // Perturbing every score with Gumbel noise and sorting draws from Plackett-Luce exactly (Yellott 1977).
          key.split(context.contextId, g).fillGumbel(perturbed);
          for (let i = 0; i < items; i++) perturbed[i]! += constrained[i]!;
          const picks = drawn.subarray(row * cutoff, (row + 1) * cutoff);
          topItems(perturbed, cutoff, picks);
          behaviorLogProb[row] = slateLogProb(constrained, picks);
        }
      });
      return { groupSize, cutoff, items: drawn, behaviorLogProb };
    },

    async rank(parameters, contexts, { cutoff }) {
      const scores = await readScores(parameters, contexts);
      const ranked = new Int32Array(contexts.length * cutoff);
      const rankScores = new Float64Array(contexts.length * cutoff);
      const behaviorLogProb = new Float64Array(contexts.length);
      contexts.forEach((context, b) => {
        const constrained = constrain(scores[b]!, context);
        const picks = ranked.subarray(b * cutoff, (b + 1) * cutoff);
        topItems(constrained, cutoff, picks);
        const logTotal = logSumExp(constrained);
        picks.forEach((item, k) =>
          rankScores[b * cutoff + k] = item < 0 ? NaN : constrained[item]! - logTotal
        );
        behaviorLogProb[b] = slateLogProb(constrained, picks);
      });
      return { groupSize: 1, cutoff, items: ranked, behaviorLogProb, scores: rankScores };
    },

    logProb: (parameters, contexts, slates) =>
      plackettLuceLogProb(
        parameters,
        lastHidden(config, codec, parameters, contexts),
        contexts,
        slates,
        items,
      ),
  };
}

/** Hidden state at the newest position of each context, [B, width]. */
function lastHidden(
  config: DecoderConfig,
  codec: ItemCodec,
  parameters: Parameters,
  contexts: readonly Context[],
): tf.Tensor2D {
  const batch = historiesOf(config, codec, contexts);
  const { rows, length } = batch;
  const hidden = hiddenStates(config, parameters, batch);
  return tf.reshape(
    tf.slice(tf.reshape(hidden, [rows, length, config.width]), [0, length - 1, 0], [rows, 1, config.width]),
    [rows, config.width],
  );
}

/** [B·G] log-probabilities from hidden states [B, width]. Suffix sums of what is left, never a difference of sums. */
function plackettLuceLogProb(
  parameters: Parameters,
  hidden: tf.Tensor2D,
  contexts: readonly Context[],
  slates: Slates,
  items: number,
): tf.Tensor1D {
  const { groupSize, cutoff } = slates;
  const [rows, width] = hidden.shape;
  const slateCount = rows * groupSize;
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
  const scores = tf.reshape(itemScores(parameters, hidden, items), [rows, 1, items]);
  const rest = logSumExpRows(
    tf.reshape(tf.add(scores, tf.tensor3d(neverPicked, [rows, groupSize, items])), [slateCount, items]),
  );
  const pickedRows = tf.gather(parameter(parameters, "embedding"), tf.tensor1d(picks, "int32"));
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
  const presence = tf.tensor2d(present, [slateCount, cutoff]);
  const held = tf.add(picked, tf.tensor2d(present.map((p) => (1 - p) * EXCLUDED), [slateCount, cutoff]));
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
  return tf.sum(tf.mul(tf.sub(picked, tf.reshape(logLeft, [slateCount, cutoff])), presence), 1);
}

/** Scores with −Infinity at seen items. */
function constrain(scores: Float32Array, { seen }: Context): Float64Array {
  const out = Float64Array.from(scores);
  for (const item of seen) out[item] = -Infinity;
  return out;
}

/** Σ_k s_(i_k) − log(mass left at rank k), the mass summed from the last rank up so that nothing cancels. */
function slateLogProb(constrained: Float64Array, picks: Int32Array): number {
  const rest = constrained.slice();
  for (const item of picks) if (item !== NO_ITEM) rest[item] = -Infinity;
  let logMass = logSumExp(rest);
  let logProb = 0;
  for (let k = picks.length - 1; k >= 0; k--) {
    const item = picks[k]!;
    if (item === NO_ITEM) continue;
    logMass = logSumExp([logMass, constrained[item]!]);
    logProb += constrained[item]! - logMass;
  }
  return logProb;
}
