import type { Context } from "../core/context.ts";
import { BladeError } from "../core/errors.ts";
import { NO_ITEM } from "../core/ids.ts";
import type { Slates } from "../core/slates.ts";
import type { HostArray } from "../device/arrays.ts";
import { coarseSize } from "../device/coarse_size.ts";
import { EXCLUDED } from "../device/exclusions.ts";

/**
 * Refuses contexts with fewer unseen items than the slates need.
 *
 * @param users raw ids by user index, for the message
 */
export function checkCandidates(
  contexts: readonly Context[],
  items: number,
  cutoff: number,
  place: string,
  users: readonly string[],
): void {
  for (const { user, seen } of contexts) {
    if (items - seen.size < cutoff) {
      throw new BladeError({
        place,
        rule: `a slate needs as many unseen items as its cutoff; user ${
          users[user]
        } has seen ${seen.size} of ${items}`,
        value: cutoff,
        mend: `choose a cutoff of at most ${
          items - seen.size
        }, or drop such users with data.kCore or data.maxHistory`,
      });
    }
  }
}

/** [rows·items] `EXCLUDED` at each context's seen items, 0 elsewhere; `times` equal rows per context. */
export function seenMask(contexts: readonly Context[], items: number, times = 1): Float32Array {
  const mask = new Float32Array(contexts.length * times * items);
  contexts.forEach(({ seen }, row) => {
    for (let t = 0; t < times; t++) {
      const offset = (row * times + t) * items;
      for (const item of seen) mask[offset + item] = EXCLUDED;
    }
  });
  return mask;
}

/** Lists of items one after another, as `drawItems` takes them. */
export type ItemLists = {
  /** [lists + 1] int32: list l is `listed` from `starts[l]` to `starts[l + 1]`−1. */
  readonly starts: HostArray;
  /** int32, filled up to one of few sizes. */
  readonly listed: HostArray;
};

/** Lays lists of items out. */
export function itemLists(lists: readonly Iterable<number>[]): ItemLists {
  const starts = new Int32Array(lists.length + 1);
  const all: number[] = [];
  lists.forEach((list, l) => {
    for (const item of list) all.push(item);
    starts[l + 1] = all.length;
  });
  const listed = new Int32Array(coarseSize(all.length));
  listed.set(all);
  return {
    starts: { data: starts, shape: [starts.length] },
    listed: { data: listed, shape: [listed.length] },
  };
}

/** The picks of a slate up to its end, as a view. */
export function picksOf(slates: Slates, row: number): Int32Array {
  const all = slates.items.subarray(row * slates.cutoff, (row + 1) * slates.cutoff);
  const end = all.indexOf(NO_ITEM);
  return end < 0 ? all : all.subarray(0, end);
}

/**
 * The `count` items with the largest values, falling, ties by rising item: one pass with a sorted short list.
 * Items with a value of −Infinity are never taken; missing places stay −1.
 */
export function topItems(values: ArrayLike<number>, count: number, out: Int32Array): void {
  out.fill(NO_ITEM);
  const best = new Float64Array(count).fill(-Infinity);
  let floor = -Infinity;
  for (let item = 0; item < values.length; item++) {
    const value = values[item]!;
    if (!(value > floor)) continue;
    let place = count - 1;
    while (place > 0 && best[place - 1]! < value) {
      best[place] = best[place - 1]!;
      out[place] = out[place - 1]!;
      place--;
    }
    best[place] = value;
    out[place] = item;
    floor = best[count - 1]!;
  }
}
