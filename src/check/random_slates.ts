import type { Context } from "../core/context.ts";
import { NO_ITEM } from "../core/ids.ts";
import { type RandomKey, randomKey } from "../numerics/random.ts";
import type { MetricBatch } from "../reward/metric.ts";
import type { World } from "./world.ts";

/** How items are drawn: each alike, or as often as people met them. */
export type RandomPolicy = "uniform" | "popular";

/** Draws of an item that was taken already, after which the rest is taken in a random order. */
const PATIENCE = 64;

/**
 * Slates of a policy that knows nothing of the user: items that the user has not seen, drawn one after the other.
 * Needs no model.
 *
 * @param perContext slates of each context, context-major
 * @example
 * ```ts
 * import { randomSlates } from "./random_slates.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const contexts = [{ contextId: 0, user: 0, history: [1], seen: new Set([1]) }];
 * const signals = { popularity: { counts: Float64Array.of(9, 9, 0) }, catalogSize: 3 };
 * const world = { contexts, signals, cutoff: 2 } as never;
 * const { items } = randomSlates(world, contexts, 1, "popular", randomKey(1));
 * assertEquals(items.toSorted(), Int32Array.of(0, 2));
 * ```
 */
export function randomSlates(
  { signals, cutoff }: World,
  contexts: readonly Context[],
  perContext: number,
  policy: RandomPolicy,
  key: RandomKey,
): MetricBatch {
  const draw = drawer(signals.catalogSize, policy === "popular" ? signals.popularity.counts : undefined);
  const rows = contexts.length * perContext;
  const items = new Int32Array(rows * cutoff).fill(NO_ITEM);
  const contextRow = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / perContext));
  for (let row = 0; row < rows; row++) {
    const context = contexts[contextRow[row]!]!;
    const slate = items.subarray(row * cutoff, (row + 1) * cutoff);
    fill(slate, context.seen, signals.catalogSize, draw, key.split(context.contextId, row % perContext));
  }
  return { items, contextRow, contexts, cutoff };
}

/** Drawing with replacement and passing over what is taken is drawing without replacement. */
function fill(
  slate: Int32Array,
  seen: ReadonlySet<number>,
  catalogSize: number,
  draw: (uniform: number) => number,
  key: RandomKey,
): void {
  const taken = new Set(seen);
  let [place, counter, missed] = [0, 0, 0];
  while (place < slate.length && missed < PATIENCE) {
    const item = draw(key.uniform(counter++));
    if (taken.has(item)) {
      missed++;
      continue;
    }
    taken.add(item);
    slate[place++] = item;
    missed = 0;
  }
  if (place === slate.length) return;
  for (const item of key.split("rest").permutation(catalogSize)) {
    if (place === slate.length) return;
    if (!taken.has(item)) slate[place++] = item;
  }
}

/** An item for a uniform number. Every item has a chance: one more than its count. */
function drawer(catalogSize: number, counts: ArrayLike<number> | undefined): (uniform: number) => number {
  if (counts === undefined) return (uniform) => Math.floor(uniform * catalogSize);
  const upTo = new Float64Array(catalogSize);
  let total = 0;
  for (let item = 0; item < catalogSize; item++) upTo[item] = total += counts[item]! + 1;
  return (uniform) => {
    const wanted = uniform * total;
    let [low, high] = [0, catalogSize - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/**
 * Contexts at even distances, at most so many.
 *
 * @example
 * ```ts
 * import { someContexts } from "./random_slates.ts";
 * import { assertEquals } from "@std/assert";
 * const contexts = [0, 1, 2, 3].map((user) => ({ contextId: user, user, history: [], seen: new Set<number>() }));
 * assertEquals(someContexts(contexts, 2).map(({ user }) => user), [0, 2]);
 * ```
 */
export function someContexts(contexts: readonly Context[], most: number): readonly Context[] {
  const count = Math.min(most, contexts.length);
  return Array.from({ length: count }, (_, i) => contexts[Math.floor(i * contexts.length / count)]!);
}

/**
 * Slates of every shape that a metric can be shown: whole ones of both policies, some with an item that the user
 * wants, short ones, one with a rank left out, an empty one.
 *
 * @returns [8·contexts] rows
 */
export function awkwardSlates(world: World, contexts: readonly Context[]): MetricBatch {
  const key = randomKey(1).split("plugin check", "awkward");
  const { cutoff, signals } = world;
  const popular = randomSlates(world, contexts, 8, "popular", key.split("popular"));
  const uniform = randomSlates(world, contexts, 8, "uniform", key.split("uniform"));
  for (let row = 0; row < popular.contextRow.length; row++) {
    const from = row * cutoff;
    const slate = popular.items.subarray(from, from + cutoff);
    const { contextId } = contexts[popular.contextRow[row]!]!;
    switch (row % 8) {
      case 0:
      case 1:
        slate.set(uniform.items.subarray(from, from + cutoff));
        break;
      case 2: {
        const [wanted] = signals.relevance.of(contextId).keys();
        if (wanted !== undefined && !slate.includes(wanted)) slate[row % cutoff] = wanted;
        break;
      }
      case 3:
        slate.fill(NO_ITEM, 1 + row % cutoff);
        break;
      case 4:
        slate.fill(NO_ITEM, 1);
        break;
      case 5:
        if (cutoff > 1) slate[Math.floor(cutoff / 2) - 1] = NO_ITEM;
        break;
      case 6:
        if (row % 16 === 6) slate.fill(NO_ITEM);
        break;
    }
  }
  return popular;
}
