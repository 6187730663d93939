import type * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import { placesOf } from "../codec/open_items.ts";
import type { Context } from "../core/context.ts";
import type { Slates } from "../core/slates.ts";
import type { Uploaded } from "../device/arrays.ts";
import type { DecoderConfig } from "../model/config.ts";
import { decoderPass, keepAt } from "../model/decoder.ts";
import { NO_DROPOUT } from "../model/dropout.ts";
import type { Parameters } from "../model/parameters.ts";
import { layOutSequences, type SequenceArrays } from "../model/sequences.ts";
import { picksOf } from "./candidates.ts";
import { type DecisionArrays, decisionLogProbs, layOutDecisions } from "./decision_scores.ts";
import { promptTokens } from "./histories.ts";
import { decisionsOf } from "./slate_walk.ts";

/** What the probability of slates of several tokens an item depends on. */
export type TokenArrays = SequenceArrays & DecisionArrays;

/**
 * Lays slates out for `tokenLogProb`: all G of a context as one sequence [prompt | slate 1 | … | slate G]. Only the
 * tokens up to a slate's last decision are read.
 */
export function layOutTokens(
  config: DecoderConfig,
  codec: ItemCodec,
  contexts: readonly Context[],
  slates: Slates,
): TokenArrays {
  const { groupSize } = slates;
  const sequences = contexts.map(({ history, seen }, b) => {
    const prompt = promptTokens(codec, history);
    const closed = placesOf(codec.trie, seen);
    const own = Array.from(
      { length: groupSize },
      (_, g) => decisionsOf(codec, closed, picksOf(slates, b * groupSize + g)),
    );
    const branches = own.map(({ tokens, decisions }) => ({
      start: prompt.length,
      picks: tokens.slice(0, decisions.at(-1)?.at ?? 0),
    }));
    return { history: prompt, branches, own };
  });
  const layout = layOutSequences(config, sequences, codec.opening[0]!);
  const groups = sequences.flatMap(({ history, own }, b) =>
    own.map(({ decisions }, g) =>
      decisions.map((decision) => ({
        ...decision,
        position: decision.at === 0
          ? layout.historyPosition(b, history.length - 1)
          : layout.pickPosition(b, g, decision.at - 1),
      }))
    )
  );
  return { ...layout.arrays, ...layOutDecisions(codec.trie, groups) };
}

/** [groups] log-probabilities of what was decided: with `layOutTokens` those of slates, [B·G] nats. */
export function tokenLogProb(
  config: DecoderConfig,
  parameters: Parameters,
  arrays: Uploaded<TokenArrays>,
  drop = NO_DROPOUT,
): tf.Tensor1D {
  const { hidden, table } = decoderPass(config, parameters, arrays, { drop, keep: keepAt(arrays.deciding) });
  return decisionLogProbs(hidden, table, arrays, {
    frozenTable: config.lora !== null && config.addedTokens === 0,
  });
}
