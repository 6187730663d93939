import { BladeError } from "../core/errors.ts";
import type { RandomKey } from "../numerics/random.ts";
import { kMeans } from "./k_means.ts";

/** What residual k-means is asked for. */
export interface ResidualKMeansOptions {
  readonly items: number;
  /** Numbers of a vector. */
  readonly width: number;
  /** Codes of an item. */
  readonly levels: number;
  /** Centroids of a level. */
  readonly codes: number;
  /** Lloyd's iterations of a level at most; fewer when nothing moves any more. */
  readonly iterations: number;
  readonly key: RandomKey;
}

/** Codes from coarse to fine: items that are alike have the first ones in common. */
export interface ResidualCodes {
  /** [items, levels] 0 … codes − 1 */
  readonly codes: Int32Array;
  /** [levels, codes, width] The codes' centroids of an item sum to about its vector of length 1. */
  readonly centroids: Float32Array;
}

/**
 * Quantises vectors level by level: k-means of the vectors, then of what the nearest centroids leave over, and so
 * on. Vectors are scaled to length 1 first, zero ones stay zero: direction tells which items are alike, while the
 * length of an embedding tells mostly how much is known of an item. Codes without an item are possible where there
 * are fewer different vectors than codes.
 *
 * @param vectors [items, width]
 * @throws {BladeError} when a size is no whole number >= 1, or a vector holds what is no finite number
 * @example
 * ```ts
 * import { residualKMeans } from "./residual_k_means.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * const vectors = Float32Array.of(1, 0, 2, 0.01, 0, 1);
 * const options = { items: 3, width: 2, levels: 1, codes: 2, iterations: 10, key: randomKey(1) };
 * const { codes } = residualKMeans(vectors, options);
 * assertEquals(codes[0], codes[1]);
 * assertNotEquals(codes[0], codes[2]);
 * ```
 */
export function residualKMeans(vectors: Float32Array, options: ResidualKMeansOptions): ResidualCodes {
  const { items, width, levels, codes: size, iterations, key } = options;
  for (const [name, value] of Object.entries({ items, width, levels, codes: size, iterations })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      refuse(`${name} must be a whole number >= 1`, value, "give the catalog's size and the code book's");
    }
  }
  if (vectors.length !== items * width) {
    refuse(
      `must have ${width} numbers for each of ${items} items`,
      vectors.length,
      "give one vector per item",
    );
  }
  const residuals = unitRows(vectors, width);
  const codes = new Int32Array(items * levels);
  const centroids = new Float32Array(levels * size * width);
  for (let level = 0; level < levels; level++) {
    const found = kMeans(residuals, { width, clusters: size, iterations, key: key.split("level", level) });
    centroids.set(found.centroids, level * size * width);
    for (let item = 0; item < items; item++) {
      const cluster = found.clusters[item]!;
      codes[item * levels + level] = cluster;
      for (let i = 0; i < width; i++) residuals[item * width + i]! -= found.centroids[cluster * width + i]!;
    }
  }
  return { codes, centroids };
}

/** A copy in float64 with rows of length 1; rows of zeros stay. */
function unitRows(vectors: Float32Array, width: number): Float64Array {
  const rows = Float64Array.from(vectors);
  for (let start = 0; start < rows.length; start += width) {
    const row = rows.subarray(start, start + width);
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    // Squares of float32 numbers neither vanish nor overflow in float64.
    if (!Number.isFinite(length)) {
      refuse(
        `must hold finite numbers, which item ${start / width} does not`,
        [...row],
        "mend its embedding",
      );
    }
    if (length > 0) { for (let i = 0; i < width; i++) row[i]! /= length; }
  }
  return rows;
}

function refuse(rule: string, value: unknown, mend: string): never {
  throw new BladeError({ place: "residual k-means", rule, value, mend });
}
