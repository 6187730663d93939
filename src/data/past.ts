import type { Context, Relevance } from "../core/context.ts";
import type { InteractionLog } from "../core/dataset.ts";
import type { ItemIndex, UserIndex } from "../core/ids.ts";

/** A context cut out of an interaction log: it knows how much of its user's row is past. */
export interface LogContext extends Context {
  /** Interactions of the user before the held-out ones: the first so many of the user's row in the log. */
  readonly past: number;
}

/**
 * The context of a user after their first `past` interactions.
 *
 * `history` holds the last `maxHistory` of them, `seen` every item of them.
 *
 * @throws {RangeError} When the user has no interaction after these.
 *
 * @example
 * ```ts
 * import { contextAfter } from "./past.ts";
 * import { assertEquals } from "@std/assert";
 * const log = {
 *   offsets: Int32Array.of(0, 4), items: Int32Array.of(7, 8, 9, 5),
 *   times: Float64Array.of(1, 2, 3, 4), ratings: new Float32Array(4),
 * };
 * const context = contextAfter(log, 0, 3, { contextId: 0, maxHistory: 2 });
 * assertEquals(context.history, [8, 9]);
 * assertEquals([...context.seen], [7, 8, 9]);
 * assertEquals(context.requestTime, 4);
 * ```
 */
export function contextAfter(
  log: InteractionLog,
  user: UserIndex,
  past: number,
  options: { readonly contextId: number; readonly maxHistory: number },
): LogContext {
  const start = log.offsets[user]!;
  const end = start + past;
  if (end >= log.offsets[user + 1]!) {
    throw new RangeError(`Cannot cut a context: user ${user} has no interaction after the first ${past}`);
  }
  const context = {
    contextId: options.contextId,
    user,
    history: Array.from<ItemIndex>(log.items.subarray(Math.max(start, end - options.maxHistory), end)),
    seen: new Set<ItemIndex>(log.items.subarray(start, end)),
    past,
  };
  const requestTime = log.times[end]!;
  // 0 stands for "the file has no time", which a context says by leaving the field out.
  return requestTime === 0 ? context : { ...context, requestTime };
}

/**
 * The context of a user after all their interactions: what a recommendation of now sees. It has no request time.
 *
 * @example
 * ```ts
 * import { contextNow } from "./past.ts";
 * import { assertEquals } from "@std/assert";
 * const log = {
 *   offsets: Int32Array.of(0, 3),
 *   items: Int32Array.of(7, 8, 9),
 *   times: Float64Array.of(1, 2, 3),
 *   ratings: new Float32Array(3),
 * };
 * assertEquals(contextNow(log, 0, { contextId: 0, maxHistory: 2 }).history, [8, 9]);
 * ```
 */
export function contextNow(
  log: InteractionLog,
  user: UserIndex,
  { contextId, maxHistory }: { readonly contextId: number; readonly maxHistory: number },
): LogContext {
  const items = log.items.subarray(log.offsets[user]!, log.offsets[user + 1]!);
  return {
    contextId,
    user,
    history: Array.from<ItemIndex>(items.subarray(Math.max(0, items.length - maxHistory))),
    seen: new Set<ItemIndex>(items),
    past: items.length,
  };
}

/**
 * Relevance from one map per context, by `contextId`.
 *
 * @example
 * ```ts
 * import { relevanceOf } from "./past.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(relevanceOf([new Map([[4, 1]])]).of(0).get(4), 1);
 * ```
 */
export function relevanceOf(gains: readonly ReadonlyMap<ItemIndex, number>[]): Relevance {
  const none: ReadonlyMap<ItemIndex, number> = new Map();
  return { of: (contextId) => gains[contextId] ?? none };
}

/**
 * The first so many interactions of each user, as a log of the same users.
 *
 * @param lengths [users] how many of each user's interactions stay.
 *
 * @example
 * ```ts
 * import { firstOfEach } from "./past.ts";
 * import { assertEquals } from "@std/assert";
 * const log = {
 *   offsets: Int32Array.of(0, 2, 3), items: Int32Array.of(7, 8, 9),
 *   times: new Float64Array(3), ratings: new Float32Array(3),
 * };
 * assertEquals([...firstOfEach(log, Int32Array.of(1, 1)).items], [7, 9]);
 * ```
 */
export function firstOfEach(log: InteractionLog, lengths: Int32Array): InteractionLog {
  const offsets = new Int32Array(lengths.length + 1);
  for (let user = 0; user < lengths.length; user++) offsets[user + 1] = offsets[user]! + lengths[user]!;
  const total = offsets.at(-1)!;
  const items = new Int32Array(total);
  const times = new Float64Array(total);
  const ratings = new Float32Array(total);
  for (let user = 0; user < lengths.length; user++) {
    const from = log.offsets[user]!;
    const to = from + lengths[user]!;
    items.set(log.items.subarray(from, to), offsets[user]!);
    times.set(log.times.subarray(from, to), offsets[user]!);
    ratings.set(log.ratings.subarray(from, to), offsets[user]!);
  }
  return { offsets, items, times, ratings };
}
