import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { uploadArrays, type Uploaded } from "../device/arrays.ts";
import { logSumExpRows, oneHot } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { decodePick, type DecodingCache, prefill } from "../model/cached_decoding.ts";
import { itemScores } from "../model/decoder.ts";
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
import { EXCLUDED, seenMask } from "./candidates.ts";
import { historiesOf } from "./histories.ts";
import type { Policy, RankedSlates } from "./policy.ts";
import { repeatRows } from "./repeat_rows.ts";

/**
 * Slates whose every pick is conditioned on the picks before it:
 * log π = Σ_k log softmax(scores given history and picks before k, over unseen and unpicked items)_(i_k).
 */
export function autoregressivePolicy(config: DecoderConfig, codec: ItemCodec): Policy {
  const items = codec.trie.children(codec.trie.root).length;
  const constants = { slate: "autoregressive", config, items };
  return {
    constants,

    async sample(parameters, contexts, { groupSize, cutoff, key }) {
      const { picks, logProbs } = await decode(
        config,
        codec,
        items,
        parameters,
        contexts,
        groupSize,
        cutoff,
        key,
      );
      const behaviorLogProb = new Float64Array(contexts.length * groupSize);
      logProbs.forEach((value, i) => behaviorLogProb[Math.floor(i / cutoff)]! += value);
      return { groupSize, cutoff, items: picks, behaviorLogProb };
    },

    async rank(parameters, contexts, { cutoff, beams }) {
      if (beams > 1) return await beamSearch(config, codec, parameters, contexts, { cutoff, beams });
      return ranked(cutoff, await decode(config, codec, items, parameters, contexts, 1, cutoff, null));
    },

    layOut: (contexts, slates) => layOutAutoregressive(config, codec, contexts, slates),

    logProb: (parameters, arrays, shape) =>
      autoregressiveLogProb(config, items, parameters, arrays as Uploaded<AutoregressiveArrays>, shape),
  };
}

function ranked(
  cutoff: number,
  { picks, logProbs }: { picks: Int32Array; logProbs: Float32Array },
): RankedSlates {
  const scores = Float64Array.from(logProbs);
  const behaviorLogProb = new Float64Array(picks.length / cutoff);
  scores.forEach((value, i) => behaviorLogProb[Math.floor(i / cutoff)]! += value);
  return { groupSize: 1, cutoff, items: picks, behaviorLogProb, scores };
}

/** Draws (or, without a key, takes the best) pick by pick. Everything stays on the device until the last pick. */
async function decode(
  config: DecoderConfig,
  codec: ItemCodec,
  items: number,
  parameters: Parameters,
  contexts: readonly Context[],
  groupSize: number,
  cutoff: number,
  key: RandomKey | null,
): Promise<{ picks: Int32Array; logProbs: Float32Array }> {
  const rows = contexts.length * groupSize;
  const histories = uploadArrays(historiesOf(config, codec, contexts).arrays);
  const angles = uploadArrays({ angles: rotaryAngles(config, histories.tokens.shape[1]! + cutoff) }).angles;
  const picks: tf.Tensor1D[] = [];
  const logProbs: tf.Tensor1D[] = [];
  let step: DecodingStep = tidy(() => {
    const { cache, last } = prefill(config, parameters, histories, groupSize);
    return {
      cache,
      scores: repeatRows(itemScores(parameters, last, items), groupSize),
      mask: tf.tensor2d(seenMask(contexts, items, groupSize), [rows, items]),
    };
  });
  tf.dispose(Object.values(histories));
  const { history, historyMask } = step.cache;
  for (let k = 0; k < cutoff; k++) {
    const { cache, scores, mask } = step;
    const chosen = tidy(() => {
      const allowed = tf.add(scores, mask) as tf.Tensor2D;
      const drawn = key === null ? allowed : tf.add(allowed, noise(key, contexts, groupSize, items, k));
      const pick = tf.cast(tf.argMax(drawn, 1), "int32") as tf.Tensor1D;
      const isPick = oneHot(pick, items);
      const logProb = tf.sub(tf.sum(tf.mul(allowed, isPick), 1), logSumExpRows(allowed)) as tf.Tensor1D;
      return { pick, logProb, mask: tf.add(mask, tf.mul(isPick, EXCLUDED)) as tf.Tensor2D };
    });
    picks.push(chosen.pick);
    logProbs.push(chosen.logProb);
    const next: DecodingStep | null = k === cutoff - 1 ? null : tidy(() => {
      const { cache: grown, hidden } = decodePick(config, parameters, cache, chosen.pick, angles);
      return { cache: grown, scores: itemScores(parameters, hidden, items), mask: tf.clone(chosen.mask) };
    });
    disposeStep(step);
    chosen.mask.dispose();
    if (next !== null) step = next;
  }
  tf.dispose([angles, historyMask, ...history.flatMap(({ keys, values }) => [keys, values])]);
  const [picked, logProb] = tidy(() => [tf.stack(picks, 1), tf.stack(logProbs, 1)] as const);
  tf.dispose([...picks, ...logProbs]);
  const out = {
    picks: Int32Array.from(await picked.data()),
    logProbs: await logProb.data() as Float32Array,
  };
  tf.dispose([picked, logProb]);
  return out;
}

/** What the next pick is drawn from. */
interface DecodingStep {
  readonly cache: DecodingCache;
  /** [B·G, items] */
  readonly scores: tf.Tensor2D;
  /** [B·G, items] `EXCLUDED` at seen and picked items. */
  readonly mask: tf.Tensor2D;
}

/** Frees a step but for its history, which the next one shares. */
function disposeStep({ cache, scores, mask }: DecodingStep): void {
  tf.dispose([scores, mask, ...(cache.picks ?? []).flatMap(({ keys, values }) => [keys, values])]);
}

/** [B·G, items] Gumbel noise of rank k: adding it and taking the largest draws from the softmax. */
function noise(key: RandomKey, contexts: readonly Context[], groupSize: number, items: number, k: number) {
  const values = new Float32Array(contexts.length * groupSize * items);
  contexts.forEach(({ contextId }, b) => {
    for (let g = 0; g < groupSize; g++) {
      const row = b * groupSize + g;
      key.split(contextId, g).fillGumbel(values.subarray(row * items, (row + 1) * items), k * items);
    }
  });
  return tf.tensor2d(values, [contexts.length * groupSize, items]);
}
