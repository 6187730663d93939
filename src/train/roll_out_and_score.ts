import type { Context } from "../core/context.ts";
import type { RewardBatch } from "../core/rewards.ts";
import type { Slates } from "../core/slates.ts";
import { worksAhead } from "../device/computation.ts";

/** Slates of a batch and what they are worth. */
export interface Judged {
  readonly rollouts: Slates;
  readonly rewards: RewardBatch;
  /** Time that judging took, ms. */
  readonly rewardMs: number;
}

/**
 * Draws slates and judges them. Where the device works ahead, it draws for one half of the contexts while the host
 * judges those of the other; slates and rewards do not depend on who shares their batch.
 *
 * @param parts into how many parts the contexts are cut
 * @param most contexts that slates are drawn for at once, one part after another; null where there is no bound
 */
export async function rollOutAndScore(
  rollOut: (contexts: readonly Context[]) => Promise<Slates>,
  score: (slates: Slates, contexts: readonly Context[]) => Promise<RewardBatch>,
  contexts: readonly Context[],
  parts: number = worksAhead() && contexts.length > 1 ? 2 : 1,
  most: number | null = null,
): Promise<Judged> {
  let rewardMs = 0;
  const size = Math.ceil(contexts.length / (most === null ? parts : Math.ceil(contexts.length / most)));
  const cut = Array.from(
    { length: Math.ceil(contexts.length / size) },
    (_, i) => contexts.slice(i * size, (i + 1) * size),
  );
  // All are asked for before the first is waited for, as long as there is room for them.
  const before: Promise<unknown>[] = [];
  const drawn = cut.map((part) => {
    const slates = most === null ? rollOut(part) : Promise.all(before).then(() => rollOut(part));
    before.push(slates);
    return slates;
  });
  const judged = await allOf(cut.map(async (part, i) => {
    const slates = await drawn[i]!;
    const start = performance.now();
    const rewards = await score(slates, part);
    rewardMs += performance.now() - start;
    return { slates, rewards };
  }));
  return {
    rollouts: joinSlates(judged.map(({ slates }) => slates)),
    rewards: joinRewards(judged.map(({ rewards }) => rewards)),
    rewardMs,
  };
}

/** Where one part fails the others are waited for, too: nothing of them goes on afterwards. */
async function allOf<T>(parts: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(parts);
  return await Promise.all(parts);
}

function joinSlates(parts: readonly Slates[]): Slates {
  if (parts.length === 1) return parts[0]!;
  return {
    groupSize: parts[0]!.groupSize,
    cutoff: parts[0]!.cutoff,
    items: Int32Array.from(parts.flatMap(({ items }) => [...items])),
    behaviorLogProb: Float64Array.from(parts.flatMap(({ behaviorLogProb }) => [...behaviorLogProb])),
  };
}

function joinRewards(parts: readonly RewardBatch[]): RewardBatch {
  if (parts.length === 1) return parts[0]!;
  const undefinedReasons = new Map<string, number>();
  for (const part of parts) {
    for (const [reason, count] of part.undefinedReasons) {
      undefinedReasons.set(reason, (undefinedReasons.get(reason) ?? 0) + count);
    }
  }
  return {
    values: parts[0]!.values.map((_, term) =>
      Float64Array.from(parts.flatMap(({ values }) => [...values[term]!]))
    ),
    defined: Uint8Array.from(parts.flatMap(({ defined }) => [...defined])),
    reward: Float64Array.from(parts.flatMap(({ reward }) => [...reward])),
    undefinedReasons,
  };
}
