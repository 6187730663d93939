import type { Relevance } from "./context.ts";
import type { Popularity } from "./dataset.ts";
import type { ItemIndex } from "./ids.ts";

/** Everything a metric may ask for. For judges only: no policy is ever given these. */
export interface Signals {
  /** Held-out gains by context. */
  readonly relevance: Relevance;
  /** Training counts. */
  readonly popularity: Popularity;
  /** Categories of the items. */
  readonly categories: CategoryTable;
  /** A dense vector per item (row-major, NaN rows where unknown), for distances other than by category. */
  readonly features: ItemVectors;
  /** The same, learned or given, for distances in an embedding space. */
  readonly embedding: ItemVectors;
  /** The user's past items by context, repeats included, oldest first. */
  readonly history: HistoryTable;
  /** User attributes: name → value by `contextId`. */
  readonly userGroups: ReadonlyMap<string, readonly string[]>;
  /** The group of the items, as a column `group` of an items table gives it: a producer, a market, a minority. */
  readonly itemGroups: ItemGroups;
  /** Size of the catalog: every item that could have been recommended. */
  readonly catalogSize: number;
}

/** The name of a signal, as a metric lists it in `needs`. */
export type SignalName = keyof Signals;

/** Which categories the items belong to. */
export interface CategoryTable {
  /** Names of the categories, by row. */
  readonly names: readonly string[];
  /** Category rows of an item; empty when the item has none. */
  of(item: ItemIndex): readonly number[];
}

/** A dense vector per item. */
export interface ItemVectors {
  /** Length of every vector; 0 where no item has one. */
  readonly dimensions: number;
  /** The vector of an item, or undefined when it has none. */
  of(item: ItemIndex): ArrayLike<number> | undefined;
}

/** Which group an item belongs to. */
export interface ItemGroups {
  /** Names of the groups, in the order of the table. */
  readonly names: readonly string[];
  /** The group of an item; undefined when it has none. */
  of(item: ItemIndex): string | undefined;
}

/** What the users met before, by context. */
export interface HistoryTable {
  /** Past items of a context, repeats included, oldest first. */
  of(contextId: number): readonly ItemIndex[];
}
