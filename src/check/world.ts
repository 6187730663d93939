import type { Context } from "../core/context.ts";
import type { SignalName, Signals } from "../core/signals.ts";
import { randomKey } from "../numerics/random.ts";
import { availableSignals } from "../reward/needs.ts";

/** Where a metric is tried: a data set's contexts and signals, and how a run would show it slates. */
export interface World {
  /** Of the data set. */
  readonly name: string;
  /** Those of alignment. */
  readonly contexts: readonly Context[];
  /** What judges of these contexts may read. */
  readonly signals: Signals;
  /** K, items of a slate. */
  readonly cutoff: number;
  /** G, slates of a context in a step. */
  readonly groupSize: number;
  /** B, contexts of a step. */
  readonly batch: number;
  /** λ by which a step fades in what population metrics remember. */
  readonly discount: number;
}

/**
 * The world with a stand-in for every needed signal that its data lack, so that a metric can be tried at all.
 *
 * @returns the world, and the names of the signals that were made up
 * @example
 * ```ts
 * import { withMadeUpSignals } from "./world.ts";
 * import { assertEquals } from "@std/assert";
 * const none = { dimensions: 0, of: () => undefined };
 * const signals = {
 *   categories: { names: ["tea"], of: () => [0] }, features: none, embedding: none, userGroups: new Map(),
 *   itemGroups: { names: [], of: () => undefined }, popularity: { totalInteractions: 1 }, catalogSize: 3,
 * };
 * const world = { name: "toy", contexts: [], signals, cutoff: 2, groupSize: 4, batch: 8, discount: 0.9 } as never;
 * const { madeUp } = withMadeUpSignals(world, ["categories", "features"]);
 * assertEquals(madeUp, ["features"]);
 * ```
 */
export function withMadeUpSignals(
  world: World,
  needs: readonly SignalName[],
): { world: World; madeUp: SignalName[] } {
  const available = availableSignals(world.signals);
  const madeUp = needs.filter((need) => available[need] === false);
  const all = standIns(world);
  const chosen = Object.fromEntries(madeUp.map((name) => [name, all[name as keyof typeof all]]));
  return { world: { ...world, signals: { ...world.signals, ...chosen } }, madeUp };
}

/** Signals that data may lack. Popularity and catalog are never lacking: without interactions there is no run. */
function standIns(
  world: World,
): Pick<Signals, "categories" | "features" | "embedding" | "userGroups" | "itemGroups"> {
  const key = randomKey(1).split("made up");
  const names = ["a", "b", "c", "d", "e", "f"];
  const pick = (use: string, item: number) => Math.floor(key.split(use).uniform(item) * names.length);
  const vectors = {
    dimensions: 4,
    of: (item: number) =>
      Array.from({ length: 4 }, (_, k) => Math.max(0, key.split("vector", k).uniform(item) - 0.4)),
  };
  const ids = world.contexts.reduce((most, { contextId }) => Math.max(most, contextId + 1), 0);
  return {
    categories: {
      names,
      of: (item) => [...new Set([pick("first", item), pick("second", item)])],
    },
    features: vectors,
    embedding: vectors,
    userGroups: new Map([["group", Array.from({ length: ids }, (_, id) => names[id % 2]!)]]),
    itemGroups: { names: names.slice(0, 2), of: (item) => names[pick("first", item) % 2] },
  };
}
