import type { DataFile } from "../core/dataset.ts";

/** What a reader delivers: everything that the files say of the interactions' users and items, in file order. */
export interface RawData {
  /** Of the data set, for the manifest and the tables. */
  readonly name: string;
  /** Raw user ids by their number in `interactions`. */
  readonly users: readonly string[];
  /** Raw item ids by their number in `interactions`. */
  readonly items: readonly string[];
  readonly interactions: RawInteractions;
  /** Title, categories and features by the item's number; holes where the files tell nothing. */
  readonly about: readonly (AboutItem | undefined)[];
  /** Attribute → value by the user's number; "" when unknown. */
  readonly userGroups: ReadonlyMap<string, readonly string[]>;
  readonly files: readonly DataFile[];
}

/** Columns of equal length, a row an interaction, in file order. */
export interface RawInteractions {
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** Unix seconds; 0 where the file has no time. */
  readonly times: Float64Array;
  /** NaN where the file has no rating. */
  readonly ratings: Float32Array;
}

/** What an items file says of one item. */
export interface AboutItem {
  /** Absent or "" where the file has none. */
  readonly title?: string;
  readonly categories: readonly string[];
  /** Absent where the file has no such column, or nothing in the cell. */
  readonly features?: readonly number[];
}

/** Numbers ids in the order of their first appearance. */
export interface Interner {
  /** The number of an id, a new one when it is new. */
  number(id: string): number;
  /** The number of an id that has appeared. */
  find(id: string): number | undefined;
  readonly ids: readonly string[];
}

/**
 * An empty interner.
 *
 * @example
 * ```ts
 * import { interner } from "./raw_data.ts";
 * import { assertEquals } from "@std/assert";
 * const items = interner();
 * assertEquals(["b", "a", "b"].map(items.number), [0, 1, 0]);
 * assertEquals(items.ids, ["b", "a"]);
 * ```
 */
export function interner(): Interner {
  const numbers = new Map<string, number>();
  const ids: string[] = [];
  return {
    number(id) {
      let number = numbers.get(id);
      if (number === undefined) {
        number = ids.length;
        numbers.set(id, number);
        ids.push(id);
      }
      return number;
    },
    find: (id) => numbers.get(id),
    ids,
  };
}

/** Interactions being collected: 20 bytes each, in typed arrays that double as they fill. */
export interface InteractionBuffer {
  add(user: number, item: number, time: number, rating: number): void;
  /** The rows added, without the unused capacity. */
  finish(): RawInteractions;
}

/**
 * An empty buffer.
 *
 * @example
 * ```ts
 * import { interactionBuffer } from "./raw_data.ts";
 * import { assertEquals } from "@std/assert";
 * const buffer = interactionBuffer();
 * buffer.add(0, 3, 1_000, 4.5);
 * assertEquals(buffer.finish().items, Int32Array.of(3));
 * ```
 */
export function interactionBuffer(): InteractionBuffer {
  let capacity = 1 << 12;
  let length = 0;
  let users = new Int32Array(capacity);
  let items = new Int32Array(capacity);
  let times = new Float64Array(capacity);
  let ratings = new Float32Array(capacity);
  return {
    add(user, item, time, rating) {
      if (length === capacity) {
        capacity *= 2;
        users = grown(users, new Int32Array(capacity));
        items = grown(items, new Int32Array(capacity));
        times = grown(times, new Float64Array(capacity));
        ratings = grown(ratings, new Float32Array(capacity));
      }
      users[length] = user;
      items[length] = item;
      times[length] = time;
      ratings[length++] = rating;
    },
    finish: () => ({
      users: users.slice(0, length),
      items: items.slice(0, length),
      times: times.slice(0, length),
      ratings: ratings.slice(0, length),
    }),
  };
}

function grown<T extends Int32Array | Float32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
