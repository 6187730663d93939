import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { randomisationP } from "../../src/evaluate/paired_randomisation.ts";
import { randomKey } from "../../src/numerics/random.ts";

const key = randomKey(3);

/** All assignments of signs, one by one. */
function enumerated(differences: readonly number[]): number {
  const found = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  let asFar = 0;
  for (let signs = 0; signs < 2 ** differences.length; signs++) {
    const sum = differences.reduce((sum, value, j) => sum + (signs >> j & 1 ? value : -value), 0);
    asFar += Number(Math.abs(sum) >= found - 1e-9);
  }
  return asFar / 2 ** differences.length;
}

function normal(length: number, mean: number, name: string): Float64Array {
  const values = new Float64Array(length);
  key.split(name).fillNormal(values);
  return values.map((value) => value + mean);
}

Deno.test("with at most twelve differences the p-value is that of enumeration, whatever the key", () => {
  const differences = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 12 });
  fc.assert(
    fc.property(differences, fc.nat(), (values, seed) => {
      assertEquals(randomisationP(Float64Array.from(values), { key: randomKey(seed) }), enumerated(values));
    }),
    { numRuns: 60 },
  );
});

// 13 is the first number that is drawn; 45 needs two words of signs, and a short last part.
Deno.test.each([13, 15])("with %d differences drawing comes near enumeration", (length) => {
  for (const mean of [0, 0.4]) {
    const values = normal(length, mean, `draw ${length} ${mean}`);
    const exact = enumerated([...values]);
    const drawn = randomisationP(values, { flips: 40_000, key });
    assertAlmostEquals(drawn, exact, 4 * Math.sqrt(exact * (1 - exact) / 40_000) + 1e-4);
  }
});

Deno.test("random sums spread as the differences say, every difference among them", () => {
  // With one difference of 45 much above the rest, |sum| stays as far as found with probability near 1.
  for (let large = 0; large < 45; large += 11) {
    const values = new Float64Array(45).fill(0.001);
    values[large] = 1;
    assertEquals(randomisationP(values, { flips: 200, key }) < 0.02, true);
    values[large] = -1;
    assert(randomisationP(values, { flips: 200, key }) > 0.95);
  }
});

Deno.test("differences of 0 change nothing, nor does turning all signs or the scale", () => {
  const values = normal(40, 0.2, "plain");
  const p = randomisationP(values, { flips: 500, key });
  assertEquals(randomisationP(Float64Array.of(...values, 0, 0, 0), { flips: 500, key }), p);
  const few = [3, -1, 2, 2];
  assertEquals(randomisationP(Float64Array.of(...few, ...new Array(50).fill(0)), { key }), enumerated(few));
  assertEquals(randomisationP(values.map((value) => -value), { flips: 500, key }), p);
  assertEquals(randomisationP(values.map((value) => 8 * value), { flips: 500, key }), p);
});

Deno.test("the same key gives the same p, another key another, and none is 0", () => {
  const values = normal(40, 0.2, "seeded");
  assertEquals(randomisationP(values, { key }), randomisationP(values, { key: randomKey(3) }));
  assertNotEquals(randomisationP(values, { key }), randomisationP(values, { key: randomKey(4) }));
  assertEquals(randomisationP(new Float64Array(50).fill(1), { flips: 99, key }), 1 / 100);
  assertEquals(randomisationP(new Float64Array(50), { key }), 1);
});

Deno.test("between systems that are alike p is uniform", () => {
  const samples = 600;
  const p = Array.from(
    { length: samples },
    (_, sample) => randomisationP(normal(30, 0, `null ${sample}`), { flips: 199, key: key.split(sample) }),
  ).sort((a, b) => a - b);
  // Kolmogorov-Smirnov at 1 %: 1.63 / √n; one more step of 1/200 for p being discrete.
  const distance = Math.max(...p.map((value, rank) => Math.abs(value - (rank + 0.5) / samples)));
  assert(distance < 1.63 / Math.sqrt(samples) + 0.005, `Kolmogorov-Smirnov distance ${distance}`);
  const rejected = p.filter((value) => value <= 0.05).length / samples;
  assert(rejected > 0.03 && rejected < 0.075, `${rejected} of alike systems are told apart at 5 %`);
});

Deno.test("a real difference is found", () => {
  assert(randomisationP(normal(200, 0.5, "real"), { flips: 999, key }) <= 1 / 1000);
});
