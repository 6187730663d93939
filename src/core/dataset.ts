import type { ItemIndex } from "./ids.ts";

/** Interactions grouped by user, in time order, ties in file order. Compressed rows: user u owns offsets[u] … offsets[u+1]−1. */
export interface InteractionLog {
  /** [users + 1] */
  readonly offsets: Int32Array;
  /** [interactions] item of each interaction. */
  readonly items: Int32Array;
  /** [interactions] unix seconds; 0 where the file has no time. */
  readonly times: Float64Array;
  /** [interactions] the rating; NaN where the file has none. */
  readonly ratings: Float32Array;
}

/** What is known of the items, by `ItemIndex`. */
export interface Catalog {
  /** Ids as the data set wrote them. */
  readonly ids: readonly string[];
  /** Title, or the id where there is none. */
  readonly titles: readonly string[];
  /** Rows of `categoryNames` that an item belongs to; empty when unknown. */
  readonly categories: readonly (readonly number[])[];
  /** Names of the categories, as the data set wrote them. */
  readonly categoryNames: readonly string[];
  /** Numbers of each item, of one length for all that have any; left out where the data set has none. */
  readonly features?: readonly (readonly number[] | undefined)[];
}

/** A file that a run read, for the manifest. */
export interface DataFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Counts after a stage of preparation, in the order the stages ran. */
export interface StageCount {
  readonly stage: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
}

/** Interactions ready to split: filtered, indexed, ordered. */
export interface Dataset {
  readonly name: string;
  /** Raw user ids by `UserIndex`. */
  readonly users: readonly string[];
  readonly catalog: Catalog;
  readonly log: InteractionLog;
  readonly files: readonly DataFile[];
  readonly stages: readonly StageCount[];
  /** Values of user attributes, e.g. `gender` → one value per `UserIndex` ("" when unknown). */
  readonly userGroups: ReadonlyMap<string, readonly string[]>;
  /** Where the files are split already; left out where the split is ours to make. */
  readonly given?: GivenSplit;
  /** What the user should know of the files, a sentence each. */
  readonly warnings?: readonly string[];
}

/** A part of a split. */
export type GivenPart = "train" | "validation" | "test";

/** A split that the files give: each user belongs to one part, since a held-out row is a user of its own. */
export interface GivenSplit {
  /** [users] */
  readonly parts: readonly GivenPart[];
  /** [users] how many of a held-out user's interactions, the last ones, are the targets; 0 in train. */
  readonly targets: Int32Array;
}

/** How often items occur in train. What popularity-based metrics and baselines read. */
export interface Popularity {
  /** [items] interactions with the item. */
  readonly counts: Float64Array;
  /** [items] distinct users of the item. */
  readonly users: Float64Array;
  /** Interactions in all. */
  readonly totalInteractions: number;
  /** Users in all. */
  readonly totalUsers: number;
  /** The `ItemIndex`es by falling count, ties by rising index. */
  readonly order: readonly ItemIndex[];
}
