import type { Slate } from "../reward/metric.ts";
import type { World } from "./world.ts";

/**
 * A text of everything that a metric is handed beside the slate: two of them differ when the metric wrote into it.
 *
 * @example
 * ```ts
 * import { inputsOf } from "./watched_inputs.ts";
 * import { assertNotEquals } from "@std/assert";
 * const history = [1, 2];
 * const world = {
 *   contexts: [{ contextId: 0, user: 0, history, seen: new Set([1]) }],
 *   signals: { catalogSize: 3 },
 * } as never;
 * const before = inputsOf(world, ["catalogSize"]);
 * history.pop();
 * assertNotEquals(inputsOf(world, ["catalogSize"]), before);
 * ```
 */
export function inputsOf({ contexts, signals }: World, needs: readonly string[]): string {
  const reads = (name: string) => needs.includes(name);
  const perItem = (name: "categories" | "features" | "embedding" | "itemGroups") =>
    reads(name) ? Array.from({ length: signals.catalogSize }, (_, item) => signals[name].of(item)) : [];
  return JSON.stringify([
    contexts.map(({ contextId, user, history, seen }) => [contextId, user, history, [...seen]]),
    reads("relevance") ? contexts.map(({ contextId }) => [...signals.relevance.of(contextId)]) : [],
    reads("history") ? contexts.map(({ contextId }) => signals.history.of(contextId)) : [],
    reads("popularity")
      ? [[...signals.popularity.counts], [...signals.popularity.users], signals.popularity.order]
      : [],
    reads("userGroups") ? [...signals.userGroups] : [],
    perItem("categories"),
    perItem("features"),
    perItem("embedding"),
    perItem("itemGroups"),
  ]);
}

/**
 * A slate of which a metric gets a copy that cannot be written to: sorting it in place throws.
 *
 * @example
 * ```ts
 * import { frozenSlate } from "./watched_inputs.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => (frozenSlate([3, 1]).slice(0, 2) as number[]).sort(), TypeError);
 * ```
 */
export function frozenSlate(slate: Slate): Slate {
  const items = [...slate];
  return Object.assign(items, {
    slice: (start?: number, end?: number) => Object.freeze(Array.prototype.slice.call(items, start, end)),
  });
}
