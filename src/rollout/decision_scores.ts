import * as tf from "@tensorflow/tfjs";
import type { ItemTrie } from "../codec/item_codec.ts";
import type { HostArray, Uploaded } from "../device/arrays.ts";
import { coarseSize } from "../device/coarse_size.ts";
import { EXCLUDED, type ExclusionArrays, exclusionList, type Stretch } from "../device/exclusions.ts";
import { catalogScores, logSumExpRows } from "../device/ops.ts";
import type { TokenTable } from "../model/token_table.ts";
import type { MadeDecision } from "./slate_walk.ts";

/** A decision and the flat position whose hidden state makes it. */
export interface PlacedDecision extends MadeDecision {
  readonly position: number;
}

/**
 * What the probability of decisions depends on. Those at nodes with many children are scored against one table of all
 * tokens that any of them may take, each leaving out what is not below its node; the others against a few tokens each.
 */
export type DecisionArrays = ExclusionArrays & {
  /** [W + D] int32 flat positions that decide: W decisions among many, then D among few. */
  readonly deciding: HostArray;
  /** [U] int32 tokens that some decision among many may take. */
  readonly manyTokens: HostArray;
  /** [W] int32 the place among them of the token that was taken. */
  readonly manyTargets: HostArray;
  /** [D·C] int32 tokens of the decisions among few, the one that was taken first. */
  readonly fewTokens: HostArray;
  /** [D, C] 0 where there is such a token, `EXCLUDED` where there is not. */
  readonly fewMask: HostArray;
  /** [groups, most] int32 the decisions of each group; W + D stands for none. */
  readonly ofGroup: HostArray;
};

/** Children up to which a decision is among few. */
export const FEW = 16;

/** Lays decisions out for `decisionLogProbs`, group by group. */
export function layOutDecisions(
  trie: ItemTrie,
  groups: readonly (readonly PlacedDecision[])[],
): DecisionArrays {
  const isMany = ({ node }: PlacedDecision) => trie.children(node).length > FEW;
  const many: PlacedDecision[] = [], few: PlacedDecision[] = [];
  const places = groups.map((decisions) =>
    decisions.map((decision) => {
      const into = isMany(decision) ? many : few;
      return { among: into, index: into.push(decision) - 1 };
    })
  );
  const W = coarseSize(many.length), D = coarseSize(few.length);
  const deciding = new Int32Array(W + D);
  many.forEach(({ position }, i) => deciding[i] = position);
  few.forEach(({ position }, i) => deciding[W + i] = position);
  const most = coarseSize(groups.reduce((longest, { length }) => Math.max(longest, length), 1));
  const ofGroup = new Int32Array(groups.length * most).fill(W + D);
  places.forEach((own, group) =>
    own.forEach(({ among, index }, i) => ofGroup[group * most + i] = among === many ? index : W + index)
  );
  return {
    ...amongMany(trie, many, W),
    ...amongFew(trie, few, D),
    deciding: { data: deciding, shape: [W + D] },
    ofGroup: { data: ofGroup, shape: [groups.length, most] },
  };
}

function amongMany(trie: ItemTrie, decisions: readonly PlacedDecision[], rows: number) {
  const nodes = [...new Set(decisions.map(({ node }) => node))];
  const columns = new Map<number, number>();
  for (const node of nodes) {
    for (const token of trie.children(node)) if (!columns.has(token)) columns.set(token, columns.size);
  }
  const tokens = new Int32Array(coarseSize(columns.size));
  for (const [token, column] of columns) tokens[column] = token;
  const targets = new Int32Array(rows);
  const exclusions = exclusionList(rows);
  const notBelow = new Map<number, Stretch>(nodes.map((node) => {
    const below = new Set(trie.children(node));
    const others = [...columns].filter(([token]) => !below.has(token)).map(([, column]) => column);
    // What the table is filled up with is no token of any.
    for (let column = columns.size; column < tokens.length; column++) others.push(column);
    return [node, exclusions.add(others)];
  }));
  decisions.forEach(({ node, child, closed }, row) => {
    const children = trie.children(node);
    targets[row] = columns.get(children[child]!)!;
    const gone = closed.length === 0
      ? undefined
      : exclusions.add(closed.map((other) => columns.get(children[other]!)!));
    exclusions.exclude(row, notBelow.get(node)!, gone);
  });
  return {
    ...exclusions.arrays(),
    manyTokens: { data: tokens, shape: [tokens.length] },
    manyTargets: { data: targets, shape: [rows] },
  };
}

function amongFew(trie: ItemTrie, decisions: readonly PlacedDecision[], rows: number) {
  const lists = decisions.map(({ node, child, closed }) => {
    const children = trie.children(node);
    const others = [...children.keys()].filter((other) => other !== child && !closed.includes(other));
    return [child, ...others].map((other) => children[other]!);
  });
  const width = coarseSize(lists.reduce((widest, { length }) => Math.max(widest, length), 2));
  const tokens = new Int32Array(rows * width);
  const mask = new Float32Array(rows * width).fill(EXCLUDED);
  lists.forEach((list, row) => {
    tokens.set(list, row * width);
    mask.fill(0, row * width, row * width + list.length);
  });
  // Rows that stand for nothing have one token, so that their numbers are numbers.
  for (let row = lists.length; row < rows; row++) mask[row * width] = 0;
  return {
    fewTokens: { data: tokens, shape: [rows * width] },
    fewMask: { data: mask, shape: [rows, width] },
  };
}

/**
 * [groups] Sums over the groups' decisions of log softmax of the tokens that were taken, in nats. Differentiable in the
 * hidden states, and in the table unless it is frozen.
 *
 * @param hidden [W + D, width] of the deciding positions
 */
export function decisionLogProbs(
  hidden: tf.Tensor2D,
  table: TokenTable,
  arrays: Uploaded<DecisionArrays>,
  { frozenTable }: { readonly frozenTable: boolean },
): tf.Tensor1D {
  const [W, width] = [arrays.manyTargets.shape[0]!, hidden.shape[1]];
  const [D, C] = arrays.fewMask.shape as [number, number];
  const [among, few] = tf.split(hidden, [W, D], 0) as [tf.Tensor2D, tf.Tensor2D];
  const manyRows = table.rows(arrays.manyTokens);
  const scores = catalogScores(among, manyRows, manyRows.shape[0], arrays.manyTargets, {
    exclusions: arrays,
    frozenTable,
  });
  const ofMany = tf.sub(tf.reshape(scores.targetScores, [W]), scores.logTotals);
  const fewRows = tf.reshape(table.rows(arrays.fewTokens), [D, C, width]);
  const raw = tf.matMul(tf.reshape(few, [D, 1, width]), fewRows, false, true);
  const z = tf.add(tf.reshape(raw, [D, C]), arrays.fewMask) as tf.Tensor2D;
  const ofFew = tf.sub(tf.reshape(tf.slice(z, [0, 0], [D, 1]), [D]), logSumExpRows(z));
  const all = tf.concat([ofMany, ofFew, tf.fill([1], 0)]);
  const [groups, most] = arrays.ofGroup.shape as [number, number];
  const gathered = tf.gather(tf.reshape(all, [W + D + 1, 1]), tf.reshape(arrays.ofGroup, [groups * most]));
  return tf.sum(tf.reshape(gathered, [groups, most]), 1);
}
