import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { Uploaded } from "../device/arrays.ts";
import { compute, takeNumbers } from "../device/computation.ts";
import type { DecoderConfig } from "../model/config.ts";
import { itemScores } from "../model/decoder.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { topItems } from "./candidates.ts";
import { historiesOf } from "./histories.ts";
import { lastHidden } from "./last_hidden.ts";
import {
  layOutPlackettLuce,
  type PlackettLuceArrays,
  plackettLuceLogProb,
} from "./plackett_luce_log_prob.ts";
import type { Policy } from "./policy.ts";

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

    layOut: (contexts, slates) => layOutPlackettLuce(config, codec, contexts, slates),

    logProb: (parameters, arrays, shape) =>
      plackettLuceLogProb(config, items, parameters, arrays as Uploaded<PlackettLuceArrays>, shape),
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
