import type { ItemCodec } from "../codec/item_codec.ts";
import { placesOf } from "../codec/open_items.ts";
import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { DecoderConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import type { RandomKey } from "../numerics/random.ts";
import { contextsAtOnce } from "./contexts_at_once.ts";
import { promptTokens } from "./histories.ts";
import { openDecoder } from "./open_decoder.ts";
import type { RankedSlates, SlateShape } from "./policy.ts";
import { isDecision, type SlateWalk, slateWalk } from "./slate_walk.ts";
import { exp } from "../numerics/exponentials.ts";

/**
 * Slates of any number of contexts, so many at once as there is room for. They do not depend on who shares a pass.
 *
 * @param o.key noise by context, slate and token; null takes the likeliest token each time
 * @param atOnce contexts of a pass; as many as there is room for unless told
 */
export async function decodeInPasses(
  config: DecoderConfig,
  codec: ItemCodec,
  parameters: Parameters,
  contexts: readonly Context[],
  o: SlateShape & { readonly key: RandomKey | null },
  atOnce: number = roomFor(config, codec, contexts, o),
): Promise<RankedSlates> {
  const { groupSize, cutoff } = o;
  const rows = contexts.length * groupSize;
  const all = {
    groupSize,
    cutoff,
    items: new Int32Array(rows * cutoff),
    behaviorLogProb: new Float64Array(rows),
    scores: new Float64Array(rows * cutoff),
  };
  for (let from = 0; from < contexts.length; from += atOnce) {
    const part = await decodeTokens(config, codec, parameters, contexts.slice(from, from + atOnce), o);
    all.items.set(part.items, from * groupSize * cutoff);
    all.scores.set(part.scores, from * groupSize * cutoff);
    all.behaviorLogProb.set(part.behaviorLogProb, from * groupSize);
  }
  return all;
}

function roomFor(
  config: DecoderConfig,
  codec: ItemCodec,
  contexts: readonly Context[],
  { groupSize, cutoff }: SlateShape,
): number {
  const prompt = contexts.reduce(
    (most, { history }) => Math.max(most, promptTokens(codec, history).length),
    1,
  );
  return contextsAtOnce(config, { prompt, groupSize, capacity: cutoff * codec.tokensPerItem });
}

/**
 * Decodes G slates a context, every slate a token at a time. Where a single token may follow, it is taken unasked; the
 * scores of a decision come back from the device, so that the trie stays with the host.
 *
 * @param parameters all of the decoder's, frozen ones included
 * @param o.key as in `decodeInPasses`
 */
async function decodeTokens(
  config: DecoderConfig,
  codec: ItemCodec,
  parameters: Parameters,
  contexts: readonly Context[],
  o: SlateShape & { readonly key: RandomKey | null },
): Promise<RankedSlates> {
  const { groupSize, cutoff } = o;
  const capacity = cutoff * codec.tokensPerItem;
  const walks = contexts.flatMap(({ seen }) => {
    const closed = placesOf(codec.trie, seen);
    return Array.from({ length: groupSize }, () => slateWalk(codec, closed));
  });
  const scores = new Float64Array(walks.length * cutoff).fill(NaN);
  const choose = chooserOf(contexts, groupSize, o.key);
  const isDone = ({ picks }: SlateWalk) => picks.length === cutoff;
  using decoder = openDecoder(config, codec, parameters, contexts, { groupSize, capacity });
  for (let at = 0; at < capacity; at++) {
    const options = walks.map((walk) => isDone(walk) ? null : walk.options());
    const decided = await decoder.decide(options.map((option) => isDecision(option) ? option : null));
    const tokens = walks.map((walk, row) => {
      const option = options[row]!;
      if (option === null) return null;
      const place = row * cutoff + walk.picks.length;
      if (Number.isNaN(scores[place]!)) scores[place] = 0;
      if (!isDecision(option)) return walk.choose(option);
      const { children, logProbs } = decided[row]!;
      const chosen = choose(row, at, logProbs);
      scores[place]! += logProbs[chosen]!;
      return walk.choose(children[chosen]!);
    });
    if (walks.every((walk, row) => tokens[row] === null || isDone(walk))) break;
    decoder.advance(tokens, at);
  }
  return slatesOf(walks, scores, o);
}

/** Chooses one of some log-probabilities that belong together, for a row and a token of it. */
type Chooser = (row: number, at: number, logProbs: Float64Array) => number;

/** With a key a draw by the row's own noise; without, the likeliest, of equals the first. */
function chooserOf(contexts: readonly Context[], groupSize: number, key: RandomKey | null): Chooser {
  if (key === null) {
    return (_row, _at, logProbs) =>
      logProbs.reduce((best, value, i) => value > logProbs[best]! ? i : best, 0);
  }
  const keys = contexts.flatMap(({ contextId }) =>
    Array.from({ length: groupSize }, (_, g) => key.split(contextId, g))
  );
  return (row, at, logProbs) => {
    let left = keys[row]!.uniform(at);
    const chosen = logProbs.findIndex((logProb) => (left -= exp(logProb)) < 0);
    // Rounding may leave a trace of the last one.
    return chosen < 0 ? logProbs.length - 1 : chosen;
  };
}

function slatesOf(
  walks: readonly SlateWalk[],
  scores: Float64Array,
  { groupSize, cutoff }: SlateShape,
): RankedSlates {
  const items = new Int32Array(walks.length * cutoff).fill(NO_ITEM);
  const behaviorLogProb = new Float64Array(walks.length);
  walks.forEach(({ picks }, row) => {
    items.set(picks, row * cutoff);
    scores.fill(NaN, row * cutoff + picks.length, (row + 1) * cutoff);
    for (let k = 0; k < picks.length; k++) behaviorLogProb[row]! += scores[row * cutoff + k]!;
  });
  return { groupSize, cutoff, items, behaviorLogProb, scores };
}
