import type { ContextSet } from "../core/context.ts";
import type { InteractionLog } from "../core/dataset.ts";
import type { ItemIndex, UserIndex } from "../core/ids.ts";
import type { RandomKey } from "../numerics/random.ts";

/** A sequence to learn next items from. */
export interface NextItemExample {
  /** Items of the past that the model reads, oldest first. */
  readonly history: readonly ItemIndex[];
  /** What came after a number of history items. */
  readonly targets: readonly NextItemTarget[];
  /** Whose it is, where that is known. */
  readonly user?: UserIndex;
}

export interface NextItemTarget {
  /** Number of history items before the target; 0 means that only the begin token is. */
  readonly after: number;
  readonly item: ItemIndex;
  readonly weight: number;
}

/**
 * Every interaction of every user as a target once. A user with more than `maxHistory` of them becomes several
 * examples: each further one adds half a window of targets and reads as much past as the model may.
 */
export function nextItemExamples(log: InteractionLog, maxHistory: number): NextItemExample[] {
  const examples: NextItemExample[] = [];
  const stride = Math.max(1, Math.floor(maxHistory / 2));
  for (let user = 0; user + 1 < log.offsets.length; user++) {
    const items: ItemIndex[] = [...log.items.subarray(log.offsets[user]!, log.offsets[user + 1]!)];
    let done = 0;
    while (done < items.length) {
      const end = Math.min(items.length, done === 0 ? maxHistory + 1 : done + stride);
      const start = Math.max(0, end - 1 - maxHistory);
      const targets: NextItemTarget[] = [];
      for (let t = done; t < end; t++) targets.push({ after: t - start, item: items[t]!, weight: 1 });
      examples.push({ history: items.slice(start, end - 1), targets, user: user as UserIndex });
      done = end;
    }
  }
  return examples;
}

/** The held-out items of each context as targets of its whole history: what alignment sees, as plain labels. */
export function heldOutExamples({ contexts, relevance }: ContextSet): NextItemExample[] {
  return contexts
    .map(({ contextId, history, user }) => ({
      history,
      user,
      targets: [...relevance.of(contextId)].map(([item, weight]) => ({
        after: history.length,
        item,
        weight,
      })),
    }))
    .filter(({ targets }) => targets.length > 0);
}

/**
 * The examples of one epoch in batches, in an order that depends on the key alone. Examples of like length share a
 * batch, so that little is spent on padding.
 */
export function epochBatches(
  examples: readonly NextItemExample[],
  batchSize: number,
  key: RandomKey,
): NextItemExample[][] {
  const shuffled = [...key.split("examples").permutation(examples.length)].map((i) => examples[i]!);
  const pool = batchSize * 16;
  const batches: NextItemExample[][] = [];
  for (let from = 0; from < shuffled.length; from += pool) {
    const alike = shuffled.slice(from, from + pool).sort((one, other) =>
      one.history.length - other.history.length
    );
    for (let at = 0; at < alike.length; at += batchSize) batches.push(alike.slice(at, at + batchSize));
  }
  return [...key.split("batches").permutation(batches.length)].map((i) => batches[i]!);
}
