import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { residualKMeans } from "../../src/codec/residual_k_means.ts";
import { BladeError } from "../../src/core/errors.ts";
import { randomKey } from "../../src/numerics/random.ts";

const options = { items: 0, width: 6, levels: 2, codes: 3, iterations: 20, key: randomKey(1) };

/** Nine groups of items: three far apart, each of three nearer ones; two items a group. */
function planted(): Float32Array {
  const rows = Array.from({ length: 18 }, (_, item) => {
    const [coarse, fine] = [Math.floor(item / 6), Math.floor(item / 2) % 3];
    const row = new Array<number>(6).fill(0);
    row[coarse] = 1;
    row[3 + fine] = 0.2;
    return row;
  });
  return Float32Array.from(rows.flat());
}

/** Whether two numbers of `codes` are equal just where two of `expected` are. */
function sameGroups(codes: readonly number[], expected: readonly number[]): boolean {
  return codes.every((a, i) => codes.every((b, j) => (a === b) === (expected[i] === expected[j])));
}

Deno.test("the first level finds the planted groups, the second one the groups within them", () => {
  const { codes } = residualKMeans(planted(), { ...options, items: 18 });
  const level = (at: number) => Array.from({ length: 18 }, (_, item) => codes[item * 2 + at]!);
  assert(sameGroups(level(0), Array.from({ length: 18 }, (_, item) => Math.floor(item / 6))));
  assert(sameGroups(level(1), Array.from({ length: 18 }, (_, item) => Math.floor(item / 2) % 3)));
});

Deno.test("the centroids of an item's codes sum to its vector of length 1, the better the more levels", () => {
  const vectors = new Float32Array(200 * 6);
  randomKey(3).fillNormal(vectors);
  const errors = [1, 2, 3, 4].map((levels) => {
    const sizes = { ...options, items: 200, codes: 8, levels };
    const { codes, centroids } = residualKMeans(vectors, sizes);
    let error = 0;
    for (let item = 0; item < 200; item++) {
      const row = [...vectors.subarray(item * 6, (item + 1) * 6)];
      const length = Math.hypot(...row);
      row.forEach((x, i) => {
        let left = x / length;
        for (let level = 0; level < levels; level++) {
          left -= centroids[(level * 8 + codes[item * levels + level]!) * 6 + i]!;
        }
        error += left * left / 200;
      });
    }
    return error;
  });
  // Without any centroid the mean square is 1.
  [1, ...errors].slice(0, -1).forEach((error, level) => assertLess(errors[level]!, 0.8 * error));
});

Deno.test("the first codes are the same however many levels follow", () => {
  const one = residualKMeans(planted(), { ...options, items: 18, levels: 1 });
  const two = residualKMeans(planted(), { ...options, items: 18 });
  assertEquals([...one.codes], Array.from({ length: 18 }, (_, item) => two.codes[2 * item]));
});

Deno.test("the length of a vector does not matter, and a vector of zeros has codes too", () => {
  const vectors = planted();
  const longer = vectors.map((x, i) => x * 2 ** (Math.floor(i / 6) % 5));
  assertEquals(
    residualKMeans(longer, { ...options, items: 18 }),
    residualKMeans(vectors, { ...options, items: 18 }),
  );
  const { codes, centroids } = residualKMeans(new Float32Array(12), { ...options, items: 2 });
  assertEquals([...codes], [0, 0, 0, 0]);
  assert(centroids.every((x) => x === 0));
});

Deno.test("the same key gives the same bits", () => {
  const vectors = new Float32Array(300 * 6);
  randomKey(4).fillNormal(vectors);
  const run = () => residualKMeans(vectors, { ...options, items: 300, codes: 16, key: randomKey(9) });
  assertEquals(run(), run());
});

Deno.test("sizes that are none and numbers that are none are refused by name", () => {
  const refused = (vectors: Float32Array, changes: Partial<typeof options>, says: string) =>
    assertThrows(() => residualKMeans(vectors, { ...options, items: 1, ...changes }), BladeError, says);
  refused(new Float32Array(6), { codes: 0 }, "codes must be a whole number >= 1, got 0");
  refused(new Float32Array(6), { levels: 1.5 }, "levels must be a whole number >= 1, got 1.5");
  refused(new Float32Array(6), { items: 2 }, "must have 6 numbers for each of 2 items, got 6");
  refused(Float32Array.of(0, 1, NaN, 0, 0, 0), {}, "finite numbers, which item 0 does not");
  refused(new Float32Array(12).fill(Infinity, 6), { items: 2 }, "finite numbers, which item 1 does not");
});
