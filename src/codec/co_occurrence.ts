import type { InteractionLog } from "../core/dataset.ts";
import { BladeError } from "../core/errors.ts";
import type { RandomKey } from "../numerics/random.ts";
import { leadingEigenvectors, type SparseRow } from "./leading_eigenvectors.ts";
import { log as naturalLog } from "../numerics/logarithms.ts";

/** What an embedding from interactions is asked for. */
export interface CoOccurrenceOptions {
  readonly items: number;
  /** Numbers of an item's vector. */
  readonly width: number;
  /** Interactions before and after one that count as its neighbours, within the user's sequence. */
  readonly window: number;
  readonly key: RandomKey;
}

/**
 * Vectors of items from interactions alone: the inner product of two vectors is about the positive pointwise mutual
 * information of their items, max(0, ln(c(a, b) · N / (c(a) · c(b)))), where c(a, b) counts how often a and b are
 * neighbours in a user's sequence (Levy and Goldberg 2014). The eigenvectors of its matrix, each times the root of
 * its eigenvalue; columns are 0 where there are fewer positive eigenvalues than `width`. An item without neighbours
 * has a vector of zeros.
 *
 * @returns [items, width]
 * @throws {BladeError} when a size is no whole number >= 1, or the log names an item that is none
 * @example
 * ```ts
 * import { coOccurrenceEmbedding } from "./co_occurrence.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const items = Int32Array.of(0, 1, 2, 3);
 * const log = { offsets: Int32Array.of(0, 2, 4), items, times: new Float64Array(4), ratings: new Float32Array(4) };
 * const [a, b, c] = coOccurrenceEmbedding(log, { items: 4, width: 2, window: 1, key: randomKey(1) })
 *   .reduce<number[][]>((rows, x, i) => (i % 2 === 0 ? rows.push([x]) : rows.at(-1)!.push(x), rows), []);
 * assertAlmostEquals(a![0]! * b![0]! + a![1]! * b![1]!, Math.log(4) / 2, 1e-6);
 * assertAlmostEquals(a![0]! * c![0]! + a![1]! * c![1]!, 0, 1e-6);
 * ```
 */
export function coOccurrenceEmbedding(log: InteractionLog, options: CoOccurrenceOptions): Float32Array {
  const { items, width, window, key } = options;
  for (const [name, value] of Object.entries({ items, width, window })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new BladeError({
        place: "item embedding",
        rule: `${name} must be a whole number >= 1`,
        value,
        mend: "give the catalog's size, the length of a vector and the reach of a neighbour",
      });
    }
  }
  const { values, vectors } = leadingEigenvectors(mutualInformation(log, items, window), width, key);
  return Float32Array.from(vectors, (x, i) => x * Math.sqrt(values[i % width]!));
}

/** The rows of the matrix of positive pointwise mutual information, columns rising. */
function mutualInformation(log: InteractionLog, items: number, window: number): SparseRow[] {
  const counts = neighbourCounts(log, items, window);
  const sums = counts.map(({ values }) => values.reduce((sum, count) => sum + count, 0));
  const total = sums.reduce((sum, count) => sum + count, 0);
  return counts.map(({ columns, values }, item) => {
    const information = values.map((count, entry) =>
      naturalLog(count * total / (sums[item]! * sums[columns[entry]!]!))
    );
    const kept = [...information.keys()].filter((entry) => information[entry]! > 0);
    return {
      columns: Int32Array.from(kept, (entry) => columns[entry]!),
      values: Float64Array.from(kept, (entry) => information[entry]!),
    };
  });
}

/** How often each item is a neighbour of each other one; an item is none of its own. */
function neighbourCounts(log: InteractionLog, items: number, window: number): SparseRow[] {
  const { starts, places, users } = placesByItem(log, items);
  const counts = new Float64Array(items);
  return Array.from({ length: items }, (_, item) => {
    const columns: number[] = [];
    for (const place of places.subarray(starts[item], starts[item + 1])) {
      const from = Math.max(log.offsets[users[place]!]!, place - window);
      const to = Math.min(log.offsets[users[place]! + 1]!, place + window + 1);
      for (let other = from; other < to; other++) {
        const neighbour = log.items[other]!;
        if (neighbour === item) continue;
        if (counts[neighbour] === 0) columns.push(neighbour);
        counts[neighbour]!++;
      }
    }
    const sorted = Int32Array.from(columns).sort();
    const values = Float64Array.from(sorted, (column) => counts[column]!);
    for (const column of sorted) counts[column] = 0;
    return { columns: sorted, values };
  });
}

/** Where the log has each item. */
interface Places {
  /** [items + 1] item i owns places[starts[i]] … places[starts[i + 1] − 1]. */
  readonly starts: Int32Array;
  /** [interactions] rows of the log by item. */
  readonly places: Int32Array;
  /** [interactions] the user of each row of the log. */
  readonly users: Int32Array;
}

function placesByItem(log: InteractionLog, items: number): Places {
  const starts = new Int32Array(items + 1);
  for (const item of log.items) {
    if (item < 0 || item >= items) {
      throw new BladeError({
        place: "item embedding",
        rule: `interactions must be with items 0 to ${items - 1}`,
        value: item,
        mend: "give the size of the catalog that the log belongs to",
      });
    }
    starts[item + 1]!++;
  }
  for (let item = 0; item < items; item++) starts[item + 1]! += starts[item]!;
  const next = starts.slice();
  const places = new Int32Array(log.items.length);
  log.items.forEach((item, place) => places[next[item]!++] = place);
  const users = new Int32Array(log.items.length);
  for (let user = 0; user + 1 < log.offsets.length; user++) {
    users.fill(user, log.offsets[user], log.offsets[user + 1]);
  }
  return { starts, places, users };
}
