import type { RandomKey } from "../numerics/random.ts";
import { square } from "../numerics/power.ts";

/** What k-means is asked for. */
export interface KMeansOptions {
  /** Numbers of a point. */
  readonly width: number;
  readonly clusters: number;
  /** Lloyd's iterations at most. */
  readonly iterations: number;
  readonly key: RandomKey;
}

/** Clusters of points. */
export interface Clusters {
  /** [points] The cluster whose centroid is nearest; of equally near ones the first. */
  readonly clusters: Int32Array;
  /** [clusters, width] */
  readonly centroids: Float64Array;
}

/**
 * Lloyd's k-means from a k-means++ start. A cluster that loses its last point gets the point that is farthest from
 * its centroid. Ends when no point changes its cluster.
 *
 * @param points [points, width] finite numbers
 * @example
 * ```ts
 * import { kMeans } from "./k_means.ts";
 * import { randomKey } from "../numerics/random.ts";
 * import { assertEquals } from "@std/assert";
 * const points = Float64Array.of(0, 2, 10, 12);
 * const { centroids } = kMeans(points, { width: 1, clusters: 2, iterations: 10, key: randomKey(1) });
 * assertEquals([...centroids].sort((a, b) => a - b), [1, 11]);
 * ```
 */
export function kMeans(points: Float64Array, options: KMeansOptions): Clusters {
  const { width, iterations, key } = options;
  const count = points.length / width;
  const centroids = startingCentroids(points, options, key.split("start"));
  const clusters = new Int32Array(count).fill(-1);
  const distances = new Float64Array(count);
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (!assign(points, centroids, width, clusters, distances)) return { clusters, centroids };
    fillEmpty(clusters, distances, options.clusters);
    moveCentroids(points, clusters, width, centroids);
  }
  assign(points, centroids, width, clusters, distances);
  return { clusters, centroids };
}

/**
 * k-means++: a first point at random, then each by its squared distance to the nearest that is chosen (Arthur and
 * Vassilvitskii 2007). When every point is chosen, the rest repeat the first one, which wins all ties.
 */
function startingCentroids(points: Float64Array, options: KMeansOptions, key: RandomKey): Float64Array {
  const { width, clusters } = options;
  const count = points.length / width;
  const centroids = new Float64Array(clusters * width);
  const nearest = new Float64Array(count).fill(Infinity);
  let chosen = Math.floor(key.uniform(0) * count);
  for (let cluster = 0; cluster < clusters; cluster++) {
    centroids.set(points.subarray(chosen * width, (chosen + 1) * width), cluster * width);
    let total = 0;
    for (let point = 0; point < count; point++) {
      let distance = 0;
      for (let i = 0; i < width; i++) {
        distance += square(points[point * width + i]! - centroids[cluster * width + i]!);
      }
      if (distance < nearest[point]!) nearest[point] = distance;
      total += nearest[point]!;
    }
    if (total === 0) {
      for (let rest = cluster + 1; rest < clusters; rest++) {
        centroids.copyWithin(rest * width, 0, width);
      }
      return centroids;
    }
    chosen = drawByWeight(nearest, key.uniform(cluster + 1) * total);
  }
  return centroids;
}

/** The first place at which the sum of the weights passes `mass`; the last one with any weight when none does. */
function drawByWeight(weights: Float64Array, mass: number): number {
  let [sum, last] = [0, 0];
  for (const [place, weight] of weights.entries()) {
    if (weight === 0) continue;
    sum += weight;
    last = place;
    if (sum > mass) break;
  }
  return last;
}

/** Puts every point into the cluster of the nearest centroid. True when a point changed its cluster. */
function assign(
  points: Float64Array,
  centroids: Float64Array,
  width: number,
  clusters: Int32Array,
  distances: Float64Array,
): boolean {
  const count = centroids.length / width;
  // |x − c|² = |x|² − 2 (x·c − |c|²/2): the nearest centroid has the greatest bracket.
  const halves = new Float64Array(count);
  for (let i = 0; i < centroids.length; i++) halves[Math.floor(i / width)]! += square(centroids[i]!) / 2;
  const products = new Float64Array(count);
  let changed = false;
  for (let point = 0; point < clusters.length; point++) {
    const x = points.subarray(point * width, (point + 1) * width);
    fillProducts(x, centroids, products);
    let [best, most] = [0, -Infinity];
    for (let cluster = 0; cluster < count; cluster++) {
      const score = products[cluster]! - halves[cluster]!;
      if (score > most) {
        most = score;
        best = cluster;
      }
    }
    let length = 0;
    for (let i = 0; i < width; i++) length += square(x[i]!);
    if (clusters[point] !== best) changed = true;
    clusters[point] = best;
    distances[point] = Math.max(0, length - 2 * most);
  }
  return changed;
}

/** The inner products of a point with the centroids, four at once: each number of the point is read a quarter as often. */
function fillProducts(x: Float64Array, centroids: Float64Array, products: Float64Array): void {
  const width = x.length;
  for (let first = 0; first < products.length; first += 4) {
    const [one, two, three, four] = [0, 1, 2, 3].map((i) => Math.min(first + i, products.length - 1));
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < width; i++) {
      a += x[i]! * centroids[one! * width + i]!;
      b += x[i]! * centroids[two! * width + i]!;
      c += x[i]! * centroids[three! * width + i]!;
      d += x[i]! * centroids[four! * width + i]!;
    }
    products[one!] = a;
    products[two!] = b;
    products[three!] = c;
    products[four!] = d;
  }
}

/** Moves the farthest point of a cluster that has others into each cluster that has none. */
function fillEmpty(clusters: Int32Array, distances: Float64Array, count: number): void {
  const sizes = new Int32Array(count);
  for (const cluster of clusters) sizes[cluster]!++;
  for (let empty = 0; empty < count; empty++) {
    if (sizes[empty]! > 0) continue;
    let farthest = -1;
    for (const [point, distance] of distances.entries()) {
      if (sizes[clusters[point]!]! > 1 && distance > (farthest === -1 ? 0 : distances[farthest]!)) {
        farthest = point;
      }
    }
    if (farthest === -1) return;
    sizes[clusters[farthest]!]!--;
    sizes[empty] = 1;
    clusters[farthest] = empty;
    distances[farthest] = 0;
  }
}

/** Each centroid becomes the mean of its points; one without points stays where it is. */
function moveCentroids(
  points: Float64Array,
  clusters: Int32Array,
  width: number,
  centroids: Float64Array,
): void {
  const sums = new Float64Array(centroids.length);
  const sizes = new Int32Array(centroids.length / width);
  for (const [point, cluster] of clusters.entries()) {
    sizes[cluster]!++;
    for (let i = 0; i < width; i++) sums[cluster * width + i]! += points[point * width + i]!;
  }
  for (const [cluster, size] of sizes.entries()) {
    if (size === 0) continue;
    for (let i = cluster * width; i < (cluster + 1) * width; i++) centroids[i] = sums[i]! / size;
  }
}
