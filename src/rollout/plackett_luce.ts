import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import { logSumExpRows } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { hiddenStates, itemScores } from "../model/decoder.ts";
import { parameter, type Parameters } from "../model/parameters.ts";
import type { SequenceArrays } from "../model/sequences.ts";
import type { RandomKey } from "../numerics/random.ts";
import { EXCLUDED, picksOf, seenMask, topItems } from "./candidates.ts";
import { historiesOf } from "./histories.ts";
import type { Policy, SlateShape } from "./policy.ts";

/**
 * Slates drawn without replacement from one score vector per context (Plackett 1975, Luce 1959):
 * log π = Σ_k s_(i_k) − log Σ_(j unseen, not yet picked) e^(s_j). One pass of the decoder serves all G slates.
 */
export function plackettLucePolicy(config: DecoderConfig, codec: ItemCodec): Policy {
  const items = codec.trie.children(codec.trie.root).length;
  const constants = { slate: "plackett-luce", config, items };
  const readScores = async (parameters: Parameters, contexts: readonly Context[]) => {
    const { arrays } = historiesOf(config, codec, contexts);
    const { scores } = await takeNumbers(compute(
      { name: "scores", constants, arrays, weights: parameters },
      (arrays) => ({ scores: itemScores(parameters, lastHidden(config, parameters, arrays), items) }),
    ));
    return contexts.map((_, row) => scores.subarray(row * items, (row + 1) * items) as Float32Array);
  };
  return {
    constants,
    async sample(parameters, contexts, { groupSize, cutoff, key }) {
      const scores = await readScores(parameters, contexts);
      const drawn = new Int32Array(contexts.length * groupSize * cutoff);
      const behaviorLogProb = new Float64Array(contexts.length * groupSize);
      contexts.forEach((context, b) => {
        const masses = massesOf(scores[b]!, context);
        for (let g = 0; g < groupSize; g++) {
          const row = b * groupSize + g;
          const picks = drawn.subarray(row * cutoff, (row + 1) * cutoff);
          race(masses, key.split(context.contextId, g), picks);
          behaviorLogProb[row] = slateLogProb(masses, picks);
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
        const masses = massesOf(scores[b]!, context);
        const picks = ranked.subarray(b * cutoff, (b + 1) * cutoff);
        topItems(masses.each.map((mass) => mass === 0 ? -Infinity : mass), cutoff, picks);
        picks.forEach((item, k) =>
          rankScores[b * cutoff + k] = item < 0 ? NaN : Math.log(masses.each[item]! / masses.total)
        );
        behaviorLogProb[b] = slateLogProb(masses, picks);
      });
      return { groupSize: 1, cutoff, items: ranked, behaviorLogProb, scores: rankScores };
    },

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

/** A Plackett-Luce distribution over the items that may be picked, scaled so that the likeliest has mass 1. */
interface Masses {
  /** [items] e^(s − max s), 0 where an item may not be picked. */
  readonly each: Float64Array;
  /** Their sum. */
  readonly total: number;
}

/** So small that it is never drawn before another, yet not 0: a slate is never short for want of mass. */
const LEAST_MASS = 1e-300;

function massesOf(scores: Float32Array, { seen }: Context): Masses {
  let most = -Infinity;
  for (let item = 0; item < scores.length; item++) {
    if (scores[item]! > most && !seen.has(item)) most = scores[item]!;
  }
  const each = new Float64Array(scores.length);
  let total = 0;
  for (let item = 0; item < scores.length; item++) {
    if (seen.has(item)) continue;
    each[item] = Math.max(LEAST_MASS, Math.exp(scores[item]! - most));
    total += each[item]!;
  }
  return { each, total };
}

/**
 * The K first of a race in which item i arrives at −log(u_i) / mass_i: the items whose scores, perturbed by Gumbel
 * noise −log(−log u_i), are the K largest, which draws from Plackett-Luce exactly (Yellott 1977). Most items are seen
 * to be late without a logarithm, as −log u ≥ 1 − u.
 */
function race({ each }: Masses, { uniform }: RandomKey, picks: Int32Array): void {
  const last = picks.length - 1;
  const arrivals = new Float64Array(picks.length).fill(Infinity);
  picks.fill(NO_ITEM);
  for (let item = 0; item < each.length; item++) {
    const mass = each[item]!;
    if (mass === 0) continue;
    const u = uniform(item);
    if (1 - u >= arrivals[last]! * mass) continue;
    const arrival = -Math.log(u) / mass;
    if (arrival >= arrivals[last]!) continue;
    let place = last;
    for (; place > 0 && arrivals[place - 1]! > arrival; place--) {
      arrivals[place] = arrivals[place - 1]!;
      picks[place] = picks[place - 1]!;
    }
    arrivals[place] = arrival;
    picks[place] = item;
  }
}

/** Below this share of the total, what the picks leave is summed anew: a difference would have lost its digits. */
const LEAST_REST = 1e-3;

/** Σ_k log(mass_(i_k) / mass left at rank k), the mass left summed from the last rank up. */
function slateLogProb({ each, total }: Masses, picks: Int32Array): number {
  let left = total;
  for (const item of picks) if (item !== NO_ITEM) left -= each[item]!;
  if (left < LEAST_REST * total) left = restOf(each, picks);
  let logProb = 0;
  for (let k = picks.length - 1; k >= 0; k--) {
    if (picks[k] === NO_ITEM) continue;
    const mass = each[picks[k]!]!;
    left += mass;
    logProb += Math.log(mass / left);
  }
  return logProb;
}

function restOf(each: Float64Array, picks: Int32Array): number {
  const picked = new Set(picks);
  let rest = 0;
  for (let item = 0; item < each.length; item++) if (!picked.has(item)) rest += each[item]!;
  return rest;
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
