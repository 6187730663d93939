import { assertEquals, assertLess, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { kMeans } from "../../src/codec/k_means.ts";
import { randomKey } from "../../src/numerics/random.ts";

/** Points around `centers`, `each` of them a center, in turns. */
function planted(centers: readonly (readonly number[])[], each: number, spread: number): Float64Array {
  const points = new Float64Array(centers.length * each * centers[0]!.length);
  randomKey(5).fillNormal(points);
  return points.map((noise, i) => {
    const width = centers[0]!.length;
    return centers[Math.floor(i / width) % centers.length]![i % width]! + spread * noise;
  });
}

Deno.test("k-means finds clusters that are far apart", () => {
  const centers = [[0, 0, 9], [9, 0, 0], [0, 9, 0], [9, 9, 9], [-9, 0, 0]];
  const points = planted(centers, 20, 0.3);
  for (const seed of [1, 2, 3]) {
    const { clusters, centroids } = kMeans(points, {
      width: 3,
      clusters: 5,
      iterations: 20,
      key: randomKey(seed),
    });
    const ofCenter = centers.map((_, center) => clusters[center]!);
    assertEquals(new Set(ofCenter).size, 5);
    clusters.forEach((cluster, point) => assertEquals(cluster, ofCenter[point % 5]));
    centers.forEach((center, i) => {
      // The mean of 20 draws is within 5 standard errors of its center.
      center.forEach((x, j) =>
        assertLess(Math.abs(centroids[ofCenter[i]! * 3 + j]! - x), 5 * 0.3 / Math.sqrt(20))
      );
    });
  }
});

Deno.test("a k-means that has come to rest has means as centroids, and each point at its nearest one", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
      minLength: 1,
      maxLength: 30,
    }),
    fc.integer({ min: 1, max: 9 }),
    fc.nat(),
    (rows, count, seed) => {
      const options = { width: 2, clusters: count, iterations: 100, key: randomKey(seed) };
      const { clusters, centroids } = kMeans(Float64Array.from(rows.flat()), options);
      rows.forEach(([x, y], point) => {
        const distances = Array.from(
          { length: count },
          (_, c) => (x - centroids[2 * c]!) ** 2 + (y - centroids[2 * c + 1]!) ** 2,
        );
        assertLess(distances[clusters[point]!]! - Math.min(...distances), 1e-9);
      });
      for (const cluster of new Set(clusters)) {
        const own = rows.filter((_, point) => clusters[point] === cluster);
        const mean = [0, 1].map((i) => own.reduce((sum, row) => sum + row[i]!, 0) / own.length);
        mean.forEach((x, i) => assertLess(Math.abs(centroids[2 * cluster + i]! - x), 1e-9));
      }
    },
  ));
});

Deno.test("a cluster that loses all its points gets the one that is farthest from its centroid", () => {
  // Searched for among random points: after one iteration a centroid has no point.
  // From 7.5, 2.75, 17.75, 12 the first has none; 0 is farthest, 2.75 from its own.
  // From 15.75, 4, 12 the last has none; 0 and 8 are farthest, 4 from theirs, and 0 comes first.
  // From 16.8, 10⅔, 5.5, 13 the second has none; 8 is farthest, 2.5 from its own, and 7 follows it.
  const cases: [points: number[], clusters: number, seed: number, group: number[]][] = [
    [[3, 17, 19, 0, 4, 12, 10, 5, 4, 16, 12, 19], 4, 5282, [0]],
    [[7, 0, 14, 6, 15, 3, 8, 14, 16, 16, 16], 3, 22_561, [0]],
    [[13, 19, 4, 12, 15, 16, 8, 17, 17, 13, 12, 7], 4, 39_008, [8, 7]],
  ];
  for (const [points, count, seed, group] of cases) {
    const options = { width: 1, clusters: count, iterations: 100, key: randomKey(seed) };
    const { clusters } = kMeans(Float64Array.from(points), options);
    assertEquals(new Set(clusters).size, count);
    const own = clusters[points.indexOf(group[0]!)];
    assertEquals(points.filter((_, point) => clusters[point] === own), group);
  }
});

Deno.test("as many clusters as different points give each its own, whatever the key", () => {
  const points = Float64Array.of(0, 0, 0, 1, 5, 5, 5, 5, 0, 1);
  for (let seed = 0; seed < 10; seed++) {
    const { clusters } = kMeans(points, { width: 2, clusters: 3, iterations: 10, key: randomKey(seed) });
    assertEquals([clusters[1] === clusters[4], clusters[2] === clusters[3]], [true, true]);
    assertEquals(new Set(clusters).size, 3);
  }
});

Deno.test("clusters beyond the different points stay empty, and nothing is NaN", () => {
  const { clusters, centroids } = kMeans(Float64Array.of(4, 4, 4), {
    width: 1,
    clusters: 5,
    iterations: 10,
    key: randomKey(1),
  });
  assertEquals([...clusters], [0, 0, 0]);
  assertEquals([...centroids], [4, 4, 4, 4, 4]);
});

Deno.test("the same key gives the same bits, another one another start", () => {
  const points = new Float64Array(400);
  randomKey(7).fillNormal(points);
  const run = (seed: number) =>
    kMeans(points, { width: 4, clusters: 9, iterations: 3, key: randomKey(seed) });
  assertEquals(run(1), run(1));
  assertNotEquals(run(1).centroids, run(2).centroids);
});

Deno.test("a start by squared distance does not leave out the few points that are far away", () => {
  // 999 points near 0 and one at 1000: drawn evenly it would be a start in 2 of 1000 runs.
  const points = Float64Array.from({ length: 1000 }, (_, i) => i === 500 ? 1000 : i / 1000);
  for (let seed = 0; seed < 20; seed++) {
    const { clusters } = kMeans(points, { width: 1, clusters: 2, iterations: 1, key: randomKey(seed) });
    assertEquals(clusters.filter((cluster) => cluster === clusters[500]).length, 1);
  }
});
