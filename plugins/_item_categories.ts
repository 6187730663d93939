import type { CategoryTable } from "blade";
import { perObject } from "./_memo.ts";
import { type KnownCategories, knownCategories } from "./_shares.ts";

/** The categories of items 0 … as flat arrays, for loops over millions of items. */
export interface ItemCategories {
  /** Known categories in all. */
  readonly size: number;
  /** [items + 1] item i has the entries starts[i] … starts[i + 1] − 1. */
  readonly starts: Int32Array;
  /** [entries] places among the known categories. */
  readonly places: Int32Array;
  /** [items] what each of an item's categories gets when the item counts 1 in equal parts. */
  readonly part: Float64Array;
  /** Words of a row of `bits`. */
  readonly words: number;
  /** [items · words] 32 categories a word. */
  readonly bits: Uint32Array;
}

/**
 * The categories of all items up to the greatest of a batch, as a function of the batch's items. They are read once for
 * a table and kept as long as it lives, and read anew when a greater item comes.
 *
 * @param names the categories that count; none: all
 * @example
 * ```ts
 * import { itemCategories } from "./_item_categories.ts";
 * import { assertEquals } from "@std/assert";
 * const table = { names: ["x", "y"], of: (item: number) => [[0], [0, 1], []][item] ?? [] };
 * const { starts, places, bits } = itemCategories(table, [])(Int32Array.of(1, -1, 2));
 * assertEquals([[...starts], [...places], [...bits]], [[0, 1, 3, 3], [0, 0, 1], [0b01, 0b11, 0]]);
 * ```
 */
export function itemCategories(table: CategoryTable, names: readonly string[]): CategoriesOf {
  const kept = keptOf(table);
  const key = JSON.stringify(names);
  const known = kept.get(key) ?? reader(knownCategories(table, names));
  kept.set(key, known);
  return known;
}

/** The categories of a batch's items. */
export type CategoriesOf = (items: Int32Array) => ItemCategories;

const keptOf = perObject((_table: CategoryTable) => new Map<string, CategoriesOf>());

function reader(known: KnownCategories): CategoriesOf {
  let packed = pack(known, 0);
  return (items) => {
    let greatest = -1;
    for (let at = 0; at < items.length; at++) if (items[at]! > greatest) greatest = items[at]!;
    if (packed.starts.length - 1 <= greatest) packed = pack(known, greatest + 1);
    return packed;
  };
}

function pack(known: KnownCategories, items: number): ItemCategories {
  const rows = Array.from({ length: items }, (_, item) => known.of(item));
  const words = Math.ceil(known.size / 32);
  const starts = new Int32Array(items + 1);
  rows.forEach((row, item) => starts[item + 1] = starts[item]! + row.length);
  const bits = new Uint32Array(items * words);
  rows.forEach((row, item) => {
    for (const category of row) bits[item * words + (category >>> 5)]! |= 1 << (category & 31);
  });
  return {
    size: known.size,
    starts,
    places: Int32Array.from(rows.flat()),
    part: Float64Array.from(rows, (row) => row.length === 0 ? 0 : 1 / row.length),
    words,
    bits,
  };
}
