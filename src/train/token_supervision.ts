import * as tf from "@tensorflow/tfjs";
import type { ItemCodec } from "../codec/item_codec.ts";
import type { Context } from "../core/context.ts";
import type { ItemIndex, TokenId } from "../core/ids.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { coarseSize } from "../device/coarse_size.ts";
import type { DecoderConfig } from "../model/config.ts";
import type { Parameters } from "../model/parameters.ts";
import { layOutSequences } from "../model/sequences.ts";
import type { RandomKey } from "../numerics/random.ts";
import { picksOf } from "../rollout/candidates.ts";
import { layOutDecisions, type PlacedDecision } from "../rollout/decision_scores.ts";
import { historyTokens } from "../rollout/histories.ts";
import type { Policy } from "../rollout/policy.ts";
import { decisionsOf } from "../rollout/slate_walk.ts";
import { type TokenArrays, tokenLogProb } from "../rollout/token_log_prob.ts";
import type { NextItemExample, NextItemTarget } from "./next_item_examples.ts";
import { BRANCHES, SLATE_SHARE, type Supervision } from "./supervision.ts";

/** Targets and their weights, as the loss reads them. */
type TokenTargets = TokenArrays & {
  /** [targets] They sum to 1 over the first ranks, and to `SLATE_SHARE` over the later ones. */
  readonly weights: HostArray;
};

/** A target after the beginning of a history and the picks of a slate before it. */
interface Answer extends NextItemTarget {
  readonly before: readonly ItemIndex[];
}

/**
 * Cross-entropy of items that are several tokens each, over what the trie allows: −log of the probability that the item
 * would have in a slate. Some targets of each example are asked for per step, as a branch each of one sequence
 * [history | prompt and answer | …], which reads the history once. One of them is asked for once more at a later rank,
 * after picks that the model draws itself: what belongs there when the earlier picks were plausible and wrong.
 */
export function tokenSupervision(config: DecoderConfig, codec: ItemCodec, policy: Policy): Supervision {
  return {
    constants: { config, of: "tokens" },

    async layOut(parameters, examples, firstRow, { cutoff, key }) {
      const chosen = examples.map(({ targets }, row): Answer[] => {
        const order = key.split("cut", firstRow + row).permutation(targets.length);
        return [...order].slice(0, BRANCHES).map((i) => ({ ...targets[i]!, before: [] }));
      });
      const later = cutoff > 1
        ? await laterRanks(policy, parameters, examples, chosen, firstRow, { cutoff, key })
        : [];
      const answers = chosen.map((first, row) => [...first, ...later[row] === undefined ? [] : [later[row]]]);
      return { arrays: layOutAnswers(config, codec, examples, answers), weight: weightOf(chosen.flat()) };
    },

    loss: (parameters, arrays, drop) => {
      const { weights, ...batch } = arrays as Uploaded<TokenTargets>;
      const logProbs = tokenLogProb(config, { ...policy.frozen, ...parameters }, batch, drop);
      return tf.neg(tf.sum(tf.mul(logProbs, weights)));
    },
  };
}

/** The first target of each example after some picks of the policy, as many for all. */
async function laterRanks(
  policy: Policy,
  parameters: Parameters,
  examples: readonly NextItemExample[],
  chosen: readonly (readonly Answer[])[],
  firstRow: number,
  { cutoff, key }: { readonly cutoff: number; readonly key: RandomKey },
): Promise<Answer[]> {
  const rank = 1 + Math.floor(key.split("rank").uniform(0) * (cutoff - 1));
  const contexts = examples.map(({ history }, row): Context => {
    const { after, item } = chosen[row]![0]!;
    const read = history.slice(0, after);
    return { contextId: firstRow + row, user: 0, history: read, seen: new Set([...read, item]) };
  });
  const slates = await policy.sample(parameters, contexts, {
    groupSize: 1,
    cutoff: rank,
    key: key.split("picks"),
  });
  return contexts.map((_, row) => ({ ...chosen[row]![0]!, before: [...picksOf(slates, row)] }));
}

function isFirst({ before }: Answer): boolean {
  return before.length === 0;
}

function weightOf(targets: readonly NextItemTarget[]): number {
  return targets.reduce((sum, { weight }) => sum + weight, 0);
}

const NOTHING_SEEN = new Int32Array(0);

function layOutAnswers(
  config: DecoderConfig,
  codec: ItemCodec,
  examples: readonly NextItemExample[],
  answers: readonly (readonly Answer[])[],
): TokenTargets {
  const { closing } = codec;
  const sequences = examples.map(({ history }, row) => {
    const branches = answers[row]!.map(({ after, item, before }) => {
      const start = historyTokens(codec, history.slice(0, after)).length;
      const earlier = before.flatMap((pick): TokenId[] => [...codec.encode(pick)]);
      const { tokens, decisions } = decisionsOf(codec, NOTHING_SEEN, [item]);
      const asked = [...closing, ...earlier];
      return { start, picks: [...asked, ...tokens.slice(0, decisions.at(-1)?.at ?? 0)], asked, decisions };
    });
    return { history: historyTokens(codec, history), branches };
  });
  const layout = layOutSequences(config, sequences, codec.opening[0]!);
  const groups: PlacedDecision[][] = sequences.flatMap(({ branches }, row) =>
    branches.map(({ start, asked, decisions }, branch) =>
      decisions.map((decision) => {
        const index = asked.length + decision.at - 1;
        const position = index < 0
          ? layout.historyPosition(row, start - 1)
          : layout.pickPosition(row, branch, index);
        return { ...decision, position };
      })
    )
  );
  const all = answers.flat();
  const count = coarseSize(all.length);
  const weights = new Float32Array(count);
  const total = weightOf(all.filter(isFirst));
  const shares = answers.flatMap((own) => {
    // The later rank of an example weighs a part of its first ones, so that parts of a batch add up to the batch.
    const later = SLATE_SHARE * weightOf(own.filter(isFirst));
    return own.map((answer) => (isFirst(answer) ? answer.weight : later) / total);
  });
  weights.set(shares);
  while (groups.length < count) groups.push([]);
  return {
    ...layout.arrays,
    ...layOutDecisions(codec.trie, groups),
    weights: { data: weights, shape: [count] },
  };
}
