import type { ContextSet } from "../core/context.ts";
import type { InteractionLog } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import type { ItemIndex } from "../core/ids.ts";
import { contextAfter, firstOfEach, type LogContext, relevanceOf } from "./past.ts";

/** Which part of train alignment learns from. */
export interface AlignmentOptions {
  /** `unseen`: the targets are kept out of sft. `seen`: sft reads them too. */
  readonly contexts: "unseen" | "seen";
  /** Targets of a context: the user's last so many train interactions. */
  readonly horizon: number;
  /** Items of a context's history that the model is given. */
  readonly maxHistory: number;
  /** Interactions that must lie before the targets. Default 1. */
  readonly minHistory?: number;
  /** Gain of a target: 1, or its rating (a target rated 0 is none). Default `one`. */
  readonly gain?: "one" | "rating";
}

/**
 * Parts train into what supervised fine-tuning reads and the contexts that alignment rolls out.
 *
 * Rewards on targets that the supervised model has fitted look better than they are, so `unseen` keeps each
 * user's last `horizon` train interactions from sft. A user with fewer than `minHistory + horizon` interactions
 * gives no context and stays in sft whole. `seen` gives the same contexts and leaves train to sft.
 *
 * @throws {BladeError} When no user has enough interactions, or gains by rating are asked without ratings.
 *
 * @example
 * ```ts
 * import { alignmentContexts } from "./alignment_contexts.ts";
 * import { assertEquals } from "@std/assert";
 * const train = {
 *   offsets: Int32Array.of(0, 3, 4), items: Int32Array.of(5, 6, 7, 5),
 *   times: Float64Array.of(1, 2, 3, 1), ratings: new Float32Array(4),
 * };
 * const { sft, align } = alignmentContexts(train, { contexts: "unseen", horizon: 1, maxHistory: 50 });
 * assertEquals([...sft.items], [5, 6, 5]);
 * assertEquals(align.contexts.map(({ history }) => history), [[5, 6]]);
 * assertEquals([...align.relevance.of(0)], [[7, 1]]);
 * ```
 */
export function alignmentContexts(
  train: InteractionLog,
  options: AlignmentOptions,
): { sft: InteractionLog; align: ContextSet } {
  const { horizon, maxHistory, minHistory = 1, gain = "one" } = options;
  const users = train.offsets.length - 1;
  const lengths = Int32Array.from(
    { length: users },
    (_, user) => train.offsets[user + 1]! - train.offsets[user]!,
  );
  const contexts: LogContext[] = [];
  const gains: Map<ItemIndex, number>[] = [];
  for (let user = 0; user < users; user++) {
    const past = lengths[user]! - horizon;
    if (past < minHistory) continue;
    const targets = gainsBetween(train, train.offsets[user]! + past, train.offsets[user + 1]!, gain);
    if (targets.size === 0) continue;
    contexts.push(contextAfter(train, user, past, { contextId: contexts.length, maxHistory }));
    gains.push(targets);
    lengths[user] = past;
  }
  if (contexts.length === 0) {
    throw new BladeError({
      place: "align.horizon",
      rule: `must leave a user with ${minHistory} train interactions before the ${horizon} that are targets`,
      value: horizon,
      mend: "lower align.horizon, or bring users with longer histories",
    });
  }
  return {
    sft: options.contexts === "unseen" ? firstOfEach(train, lengths) : train,
    align: { contexts, relevance: relevanceOf(gains) },
  };
}

function gainsBetween(
  { items, ratings }: InteractionLog,
  from: number,
  to: number,
  gain: "one" | "rating",
): Map<ItemIndex, number> {
  const gains = new Map<ItemIndex, number>();
  for (let row = from; row < to; row++) {
    const value = gain === "one" ? 1 : ratings[row]!;
    if (Number.isNaN(value)) {
      throw new BladeError({
        place: "align.gain",
        rule: "by rating needs a rating for every interaction, and the data has none",
        value: gain,
        mend: 'set align.gain to "one", or name the rating column',
      });
    }
    const item = items[row]!;
    if (value > 0) gains.set(item, Math.max(value, gains.get(item) ?? 0));
  }
  return gains;
}
