import type { StageCount } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import type { RawData, RawInteractions } from "./raw_data.ts";

/** Interactions that stay, with the counts after each stage. */
export interface Filtered {
  /** [interactions read] 1 where the interaction stays. */
  readonly keep: Uint8Array;
  readonly stages: readonly StageCount[];
}

/**
 * Drops interactions rated below `minRating`, then users and items with fewer than `kCore` interactions, again
 * and again until every user and item left has that many (the k-core; repeated interactions count each).
 *
 * @throws {BladeError} When `minRating` is asked of data without ratings, or nothing is left.
 *
 * @example
 * ```ts
 * import { filterInteractions } from "./filter.ts";
 * import { assertEquals } from "@std/assert";
 * const raw = {
 *   name: "toy", users: ["a", "b"], items: ["x", "y"], about: [], userGroups: new Map(), files: [],
 *   interactions: {
 *     users: Int32Array.of(0, 0, 1), items: Int32Array.of(0, 0, 1),
 *     times: new Float64Array(3), ratings: new Float32Array(3),
 *   },
 * };
 * assertEquals(filterInteractions(raw, { minRating: null, kCore: 2 }).keep, Uint8Array.of(1, 1, 0));
 * ```
 */
export function filterInteractions(
  raw: RawData,
  options: { readonly minRating: number | null; readonly kCore: number },
): Filtered {
  const { interactions } = raw;
  const keep = new Uint8Array(interactions.users.length).fill(1);
  const stages = [countStage("read", raw, keep)];
  if (options.minRating !== null) {
    keepRated(interactions, options.minRating, keep);
    stages.push(countStage(`rated at least ${options.minRating}`, raw, keep));
  }
  if (options.kCore > 1) {
    keepCore(raw, options.kCore, keep);
    stages.push(countStage(`${options.kCore}-core`, raw, keep));
  }
  if (stages.at(-1)!.interactions === 0) {
    throw new BladeError({
      place: "data",
      rule: `must leave interactions after ${stages.slice(1).map(({ stage }) => stage).join(" and ")}`,
      value: `${stages[0]!.interactions} read, 0 left`,
      mend: "lower data.minRating or data.kCore",
    });
  }
  return { keep, stages };
}

function keepRated({ ratings }: RawInteractions, minRating: number, keep: Uint8Array): void {
  for (let row = 0; row < keep.length; row++) {
    const rating = ratings[row]!;
    if (Number.isNaN(rating)) {
      throw new BladeError({
        place: "data.minRating",
        rule: "needs a rating for every interaction, and the data has none",
        value: minRating,
        mend: "set data.minRating to null, or name the rating column",
      });
    }
    if (rating < Math.fround(minRating)) keep[row] = 0;
  }
}

function keepCore({ interactions, ...raw }: RawData, least: number, keep: Uint8Array): void {
  const { users, items } = interactions;
  for (let dropped = true; dropped;) {
    dropped = false;
    const ofUser = new Int32Array(raw.users.length);
    const ofItem = new Int32Array(raw.items.length);
    for (let row = 0; row < keep.length; row++) {
      if (keep[row] === 0) continue;
      ofUser[users[row]!]!++;
      ofItem[items[row]!]!++;
    }
    for (let row = 0; row < keep.length; row++) {
      if (keep[row] === 0 || (ofUser[users[row]!]! >= least && ofItem[items[row]!]! >= least)) continue;
      keep[row] = 0;
      dropped = true;
    }
  }
}

function countStage(stage: string, raw: RawData, keep: Uint8Array): StageCount {
  const users = new Uint8Array(raw.users.length);
  const items = new Uint8Array(raw.items.length);
  let interactions = 0;
  for (let row = 0; row < keep.length; row++) {
    if (keep[row] === 0) continue;
    users[raw.interactions.users[row]!] = 1;
    items[raw.interactions.items[row]!] = 1;
    interactions++;
  }
  const count = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0);
  return { stage, users: count(users), items: count(items), interactions };
}
