import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import { uploadArrays } from "../device/arrays.ts";
import { logSumExpRows } from "../device/ops.ts";
import type { DecoderConfig } from "../model/config.ts";
import { decodePick, type DecodingCache, prefill, reorderPicks } from "../model/cached_decoding.ts";
import { itemScores } from "../model/decoder.ts";
import type { Parameters } from "../model/parameters.ts";
import { rotaryAngles } from "../model/sequences.ts";
import { tidy } from "../model/tidy.ts";
import { seenMask, topItems } from "./candidates.ts";
import { historiesOf } from "./histories.ts";
import type { RankedSlates, RankOptions } from "./policy.ts";
import { repeatRows } from "./repeat_rows.ts";

/** A slate under construction. */
interface Beam {
  readonly picks: readonly number[];
  readonly scores: readonly number[];
  /** Sum of `scores` [nats]. */
  readonly logProb: number;
}

/** The most probable slate that a search with a fixed number of beams finds, one per context. */
export async function beamSearch(
  config: DecoderConfig,
  codec: ItemCodec,
  parameters: Parameters,
  contexts: readonly Context[],
  { cutoff, beams }: RankOptions,
): Promise<RankedSlates> {
  const items = codec.trie.children(codec.trie.root).length;
  const seen = seenMask(contexts, items);
  const histories = uploadArrays(historiesOf(config, codec, contexts).arrays);
  const { angles } = uploadArrays({ angles: rotaryAngles(config, histories.tokens.shape[1]! + cutoff) });
  let state = tidy(() => {
    const { cache, last } = prefill(config, parameters, histories, beams, Math.max(1, cutoff - 1));
    return { cache, scores: repeatRows(itemScores(parameters, last, items), beams) };
  });
  let front: Beam[][] = contexts.map(() => [{ picks: [], scores: [], logProb: 0 }]);
  for (let k = 0; k < cutoff; k++) {
    const logProbs = await allowedLogProbs(state.scores, front, seen, items, beams);
    const parents = new Int32Array(contexts.length * beams);
    front = front.map((alive, b) => extend(alive, b, logProbs, items, beams, parents));
    if (k === cutoff - 1) break;
    const newest = Int32Array.from(
      front.flatMap((alive) => pad(alive, beams).map(({ picks }) => picks.at(-1)!)),
    );
    const next = tidy(() => {
      const cache = reorderPicks(state.cache, tf.tensor1d(parents, "int32"));
      const hidden = decodePick(
        config,
        parameters,
        cache,
        tf.tensor1d(newest, "int32"),
        tf.tensor1d([k], "int32"),
        angles,
      );
      return { cache, scores: itemScores(parameters, hidden, items) };
    });
    disposeStep(state);
    state = next;
  }
  disposeStep(state);
  tf.dispose([...state.cache.history]);
  tf.dispose([angles, ...Object.values(histories)]);
  const best = front.map((alive) => alive[0]!);
  return {
    groupSize: 1,
    cutoff,
    items: Int32Array.from(best.flatMap(({ picks }) => picks)),
    behaviorLogProb: Float64Array.from(best, ({ logProb }) => logProb),
    scores: Float64Array.from(best.flatMap(({ scores }) => scores)),
  };
}

/** [B·W, items] log-probabilities of what each beam may pick next; −Infinity at seen and picked items. */
async function allowedLogProbs(
  scores: tf.Tensor2D,
  front: readonly (readonly Beam[])[],
  seen: Float32Array,
  items: number,
  beams: number,
): Promise<Float64Array> {
  const mask = new Float32Array(front.length * beams * items);
  front.forEach((alive, b) =>
    pad(alive, beams).forEach(({ picks }, w) => {
      const row = (b * beams + w) * items;
      mask.set(seen.subarray(b * items, (b + 1) * items), row);
      for (const item of picks) mask[row + item] = -1e9;
    })
  );
  const logProbs = tidy(() => {
    const allowed = tf.add(scores, tf.tensor2d(mask, [front.length * beams, items])) as tf.Tensor2D;
    return tf.sub(allowed, tf.reshape(logSumExpRows(allowed), [front.length * beams, 1]));
  });
  const values = Float64Array.from(await logProbs.data());
  logProbs.dispose();
  mask.forEach((excluded, i) => {
    if (excluded !== 0) values[i] = -Infinity;
  });
  return values;
}

/** The best `beams` continuations of one context's beams; `parents` receives the rows they come from. */
function extend(
  alive: readonly Beam[],
  b: number,
  logProbs: Float64Array,
  items: number,
  beams: number,
  parents: Int32Array,
): Beam[] {
  const options = alive.flatMap((beam, w) => {
    const row = b * beams + w;
    const own = logProbs.subarray(row * items, (row + 1) * items);
    const top = new Int32Array(beams);
    topItems(own, beams, top);
    return [...top].filter((item) => item >= 0).map((item) => ({
      row,
      beam: {
        picks: [...beam.picks, item],
        scores: [...beam.scores, own[item]!],
        logProb: beam.logProb + own[item]!,
      },
    }));
  });
  options.sort((one, other) => other.beam.logProb - one.beam.logProb);
  const kept = options.slice(0, beams);
  for (let w = 0; w < beams; w++) parents[b * beams + w] = (kept[w] ?? kept[0]!).row;
  return kept.map(({ beam }) => beam);
}

/** As many beams as the device's rows: missing ones repeat the first and are never read. */
function pad(alive: readonly Beam[], beams: number): Beam[] {
  return Array.from({ length: beams }, (_, w) => alive[w] ?? alive[0]!);
}

function disposeStep({ cache, scores }: { cache: DecodingCache; scores: tf.Tensor2D }): void {
  tf.dispose([scores, ...cache.picks]);
}
