/** A row of a split that the files give: what somebody met, and after that the targets. */
export interface GivenRow {
  /** Whose row it is; undefined where the file does not say. */
  readonly user: string | undefined;
  /** History, oldest first, then the targets: rows of the item list. */
  readonly items: readonly number[];
  /** How many of the items, the last ones, are targets; at least 1. */
  readonly targets: number;
  /** Unix seconds by item. */
  readonly times?: readonly number[];
  /** By item; NaN where there is none. */
  readonly ratings?: readonly number[];
}

/** Items in the order somebody met them, joined from rows. */
export interface Walk {
  readonly user: string | undefined;
  /** The first row of the walk, counted from 0. */
  readonly row: number;
  readonly items: number[];
  readonly times: number[];
  readonly ratings: number[];
}

/** Items that two histories share without whole earlier rows doing so: fewer may be those of two people by chance. */
const SURELY_ONE_PERSON = 5;

/**
 * Joins training rows to the walks they were cut from, so that an interaction in many histories counts once.
 *
 * With user ids, each user is one walk: their rows by time where rows have one, else in the order of the file, each
 * adding what lies past its overlap with the walk so far. Without, a row goes on an earlier one whose items, all of
 * them or (5 and more) all but the first, are its history; any other begins a walk.
 *
 * @example
 * ```ts
 * import { joinRows } from "./join_rows.ts";
 * import { assertEquals } from "@std/assert";
 * const row = (user: string | undefined, ...items: number[]) => ({ user, items, targets: 1 });
 * const items = (...rows: Parameters<typeof joinRows>[0]) => joinRows(rows).map((walk) => walk.items);
 * assertEquals(items(row("ann", 1, 2), row("bob", 1, 9), row("ann", 1, 2, 3)), [[1, 2, 3], [1, 9]]);
 * assertEquals(items(row(undefined, 1, 2), row(undefined, 1, 2, 3), row(undefined, 2, 4)), [[1, 2, 3], [2, 4]]);
 * ```
 */
export function joinRows(rows: readonly GivenRow[]): Walk[] {
  const lastTime = ({ times }: GivenRow) => times?.at(-1) ?? 0;
  const ordered = rows.map((row, at) => ({ row, at }))
    .sort((a, b) => lastTime(a.row) - lastTime(b.row) || a.at - b.at);
  const walks: Walk[] = [];
  const grow = (walk: Walk, { items, times, ratings }: GivenRow, from: number) => {
    for (let i = from; i < items.length; i++) {
      walk.items.push(items[i]!);
      walk.times.push(times?.[i] ?? 0);
      walk.ratings.push(ratings?.[i] ?? NaN);
    }
  };
  const begin = (row: GivenRow, at: number): Walk => {
    const walk: Walk = { user: row.user, row: at, items: [], times: [], ratings: [] };
    walks.push(walk);
    grow(walk, row, 0);
    return walk;
  };

  const known = new Map<string, KnownUser>();
  const open = openEnds();
  for (const { row, at } of ordered) {
    if (row.user === undefined) {
      const before = open.before(row);
      if (before !== undefined) grow(before, row, row.items.length - row.targets);
      open.after(row, before ?? begin(row, at));
      continue;
    }
    const user = known.get(row.user);
    if (user === undefined) {
      const begun = { walk: begin(row, at), placesOf: new Map() };
      known.set(row.user, begun);
      notePlaces(begun, 0);
    } else {
      const before = user.walk.items.length;
      grow(user.walk, row, overlap(user, row));
      notePlaces(user, before);
    }
  }
  return walks.sort((a, b) => a.row - b.row);
}

interface KnownUser {
  readonly walk: Walk;
  /** Where in the walk an item stands, to find rows that it has without going through it. */
  readonly placesOf: Map<number, number[]>;
}

function notePlaces({ walk: { items }, placesOf }: KnownUser, from: number): void {
  for (let at = from; at < items.length; at++) {
    const places = placesOf.get(items[at]!);
    if (places === undefined) placesOf.set(items[at]!, [at]);
    else places.push(at);
  }
}

/** How many of a row's items, the first ones, its user's walk has already. */
function overlap({ walk, placesOf }: KnownUser, { items, targets }: GivenRow): number {
  const stands = (start: number, count: number) =>
    start >= 0 && start + count <= walk.items.length &&
    items.slice(0, count).every((item, i) => item === walk.items[start + i]);
  const endsWith = (count: number) => stands(walk.items.length - count, count);
  // The row goes on where the walk ends, even if it could also stand earlier: people repeat themselves.
  const history = items.length - targets;
  if (history > 0 && endsWith(history)) return history;
  if (placesOf.get(items[0]!)?.some((start) => stands(start, items.length)) === true) return items.length;
  let count = history;
  while (count > 0 && !endsWith(count)) count--;
  return count;
}

/** Walks without a user, by the histories that their next row would have. */
function openEnds() {
  const waiting = new Map<string, Walk[]>();
  const wanted = new Map<Walk, readonly string[]>();
  return {
    before({ items, targets }: GivenRow): Walk | undefined {
      const history = items.slice(0, items.length - targets).join();
      const walks = waiting.get(history);
      let walk = walks?.pop();
      // A walk that has gone on meanwhile wants other histories.
      while (walk !== undefined && !wanted.get(walk)!.includes(history)) walk = walks!.pop();
      return walk;
    },
    after({ items, targets }: GivenRow, walk: Walk): void {
      const keys = [items.join()];
      if (items.length - targets >= SURELY_ONE_PERSON) keys.push(items.slice(targets).join());
      wanted.set(walk, keys);
      for (const key of keys) {
        const walks = waiting.get(key);
        if (walks === undefined) waiting.set(key, [walk]);
        else walks.push(walk);
      }
    },
  };
}
