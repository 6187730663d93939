import * as tf from "@tensorflow/tfjs-core";
import type { HostArray } from "./arrays.ts";
import { coarseSize } from "./coarse_size.ts";

/** The score of an item that may not be picked: far below any other, yet finite in 32 bits. */
export const EXCLUDED = -1e9;

/**
 * Which items each of n rows leaves out, as two stretches of one list: what rows have in common, such as the items
 * that a user has seen, stands there once.
 */
export type ExclusionArrays = {
  /** [n, 4] int32: row r leaves out the items at from … to−1 and at own … ownEnd−1 of the list. */
  readonly exclusionSpans: HostArray;
  /** int32, filled up to one of few sizes */
  readonly excludedItems: HostArray;
};

/** The same on the device. */
export interface Exclusions {
  readonly exclusionSpans: tf.Tensor;
  readonly excludedItems: tf.Tensor;
}

/** A stretch of the list of excluded items. */
export type Stretch = readonly [from: number, to: number];

const EMPTY: Stretch = [0, 0];
/** Collects what rows leave out. */
export interface ExclusionList {
  /** Puts items on the list, and says where they stand. */
  add(items: Iterable<number>): Stretch;
  /** Makes a row leave out what stands at one or two stretches. */
  exclude(row: number, seen: Stretch, own?: Stretch): void;
  arrays(): ExclusionArrays;
}

/**
 * A list for n rows that leave nothing out yet.
 *
 * @example
 * ```ts
 * import { exclusionList } from "./exclusions.ts";
 * import { assertEquals } from "@std/assert";
 * const list = exclusionList(2);
 * const seen = list.add([5, 8]);
 * const [start] = list.add([1, 3]);
 * list.exclude(0, seen);
 * list.exclude(1, seen, [start, start + 1]);
 * const { exclusionSpans, excludedItems } = list.arrays();
 * assertEquals([...exclusionSpans.data], [0, 2, 0, 0, 0, 2, 2, 3]);
 * assertEquals([...excludedItems.data], [5, 8, 1, 3]);
 * ```
 */
export function exclusionList(rows: number): ExclusionList {
  const spans = new Int32Array(4 * rows);
  const listed: number[] = [];
  return {
    add(items) {
      const from = listed.length;
      for (const item of items) listed.push(item);
      return [from, listed.length];
    },
    exclude(row, seen, own = EMPTY) {
      spans.set([...seen, ...own], 4 * row);
    },
    arrays() {
      const excluded = new Int32Array(coarseSize(listed.length));
      excluded.set(listed);
      return {
        exclusionSpans: { data: spans, shape: [rows, 4] },
        excludedItems: { data: excluded, shape: [excluded.length] },
      };
    },
  };
}

/** Of rows that leave nothing out. */
export function noExclusions(rows: number): Exclusions {
  return { exclusionSpans: tf.fill([rows, 4], 0, "int32"), excludedItems: tf.fill([1], 0, "int32") };
}
