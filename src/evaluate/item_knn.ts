import type { Context } from "../core/context.ts";
import type { InteractionLog } from "../core/dataset.ts";
import type { ItemIndex } from "../core/ids.ts";
import { topUnseen } from "./top_unseen.ts";

/** Ranks unseen items by their likeness to a user's items. */
export interface ItemKnn {
  /**
   * [contexts · cutoff] `ItemIndex`, −1 where nothing unseen is left.
   * @param histories [contexts] the items to compare with; by default the user's own in train, which for a test
   * context leaves the validation item out, and all that the context has seen for a user who is not in train.
   */
  rank(
    contexts: readonly Context[],
    cutoff: number,
    histories?: readonly (readonly ItemIndex[])[],
  ): Int32Array;
}

/** Keeps the quotient off 0/0, as the peer's code does. */
const EPSILON = 1e-6;

/**
 * The system `item-knn` (Sarwar et al. 2001), as RecBole's ItemKNN has it: cosine of the items' columns in the binary
 * user-item matrix of train; each *candidate* keeps its `neighbours` most like items; an item's score is the sum of
 * its kept likenesses to the items of the user. Ties, and candidates unlike all of them, go by popularity.
 *
 * @param items of the catalog
 *
 * @example
 * ```ts
 * import { itemKnn } from "./item_knn.ts";
 * import { assertEquals } from "@std/assert";
 * // Users {0, 1}, {0, 1, 2}, {3, 2}: who has 0 is offered 1 first, then 2.
 * const train = {
 *   offsets: Int32Array.of(0, 2, 5, 7),
 *   items: Int32Array.of(0, 1, 0, 1, 2, 3, 2),
 *   times: new Float64Array(7),
 *   ratings: new Float32Array(7),
 * };
 * const context = { contextId: 0, user: 0, history: [0], seen: new Set([0]) };
 * assertEquals([...itemKnn(train, 4).rank([context], 3, [[0]])], [1, 2, 3]);
 * ```
 */
export function itemKnn(
  train: InteractionLog,
  items: number,
  { neighbours = 100 }: { readonly neighbours?: number } = {},
): ItemKnn {
  const usersOf = binaryColumns(train, items);
  const order = Array.from({ length: items }, (_, item) => item)
    .sort((a, b) => usersOf[b]!.length - usersOf[a]!.length || a - b);
  const candidatesOf = likenesses(train, usersOf, neighbours);
  return {
    rank(contexts, cutoff, histories) {
      const lists = new Int32Array(contexts.length * cutoff);
      const scores = new Float64Array(items);
      contexts.forEach((context, row) => {
        scores.fill(0);
        const own = historyOf(train, context.user);
        for (const item of new Set(histories?.[row] ?? (own.length > 0 ? own : context.seen))) {
          const { candidates, values } = candidatesOf[item]!;
          candidates.forEach((candidate, i) => scores[candidate]! += values[i]!);
        }
        topUnseen(scores, order, context.seen, lists.subarray(row * cutoff, (row + 1) * cutoff));
      });
      return lists;
    },
  };
}

/** Users of each item, each once. */
function binaryColumns(train: InteractionLog, items: number): number[][] {
  const usersOf: number[][] = Array.from({ length: items }, () => []);
  for (let user = 0; user + 1 < train.offsets.length; user++) {
    for (const item of new Set(historyOf(train, user))) usersOf[item]!.push(user);
  }
  return usersOf;
}

/** By item, the candidates that keep it as a neighbour, with the cosine. */
interface Kept {
  readonly candidates: number[];
  readonly values: number[];
}

function likenesses(
  train: InteractionLog,
  usersOf: readonly (readonly number[])[],
  neighbours: number,
): readonly Kept[] {
  const kept: Kept[] = usersOf.map(() => ({ candidates: [], values: [] }));
  const sets = Array.from(
    { length: train.offsets.length - 1 },
    (_, user) => [...new Set(historyOf(train, user))],
  );
  const together = new Float64Array(usersOf.length);
  usersOf.forEach((users, candidate) => {
    together.fill(0);
    for (const user of users) for (const item of sets[user]!) together[item]! += 1;
    const cosines: [item: number, cosine: number][] = [];
    together.forEach((count, item) => {
      if (count === 0 || item === candidate) return;
      cosines.push([item, count / (Math.sqrt(users.length * usersOf[item]!.length) + EPSILON)]);
    });
    cosines.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    for (const [item, cosine] of cosines.slice(0, neighbours)) {
      kept[item]!.candidates.push(candidate);
      kept[item]!.values.push(cosine);
    }
  });
  return kept;
}

/** Empty for a user that the log does not know. */
function historyOf(log: InteractionLog, user: number): Int32Array {
  if (user + 1 >= log.offsets.length) return new Int32Array();
  return log.items.subarray(log.offsets[user]!, log.offsets[user + 1]!);
}
