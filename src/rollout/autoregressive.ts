import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import { type HostArray, uploadArrays, type Uploaded } from "../device/arrays.ts";
import { logSumExpRows, oneHot } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { decodePick, type DecodingCache, prefill } from "../model/cached_decoding.ts";
import { hiddenStates, itemScores } from "../model/decoder.ts";
import { parameter, type Parameters } from "../model/parameters.ts";
import { layOutSequences, rotaryAngles, type SequenceArrays } from "../model/sequences.ts";
import { tidy } from "../model/tidy.ts";
import type { RandomKey } from "../numerics/random.ts";
import { beamSearch } from "./beam_search.ts";
import { EXCLUDED, picksOf, seenMask } from "./candidates.ts";
import { historiesOf, historyTokens } from "./histories.ts";
import type { Policy, RankedSlates, SlateShape } from "./policy.ts";
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

    layOut: (contexts, slates) => layOutSlates(config, codec, items, contexts, slates),

    logProb: (parameters, arrays, shape) =>
      autoregressiveLogProb(config, items, parameters, arrays as Uploaded<SlateArrays>, shape),
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
