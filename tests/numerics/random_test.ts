import { assert, assertAlmostEquals, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { type RandomKey, randomKey } from "../../src/numerics/random.ts";

const DRAWS = 50_000;

function uniforms(key: RandomKey, draws = DRAWS): number[] {
  return Array.from({ length: draws }, (_, i) => key.uniform(i));
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: ArrayLike<number>): number {
  const center = mean(values);
  return mean(Array.from(values, (value) => (value - center) ** 2));
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  return mean(a.map((value, i) => (value - ma) * (b[i]! - mb))) / Math.sqrt(variance(a) * variance(b));
}

/** Pearson's statistic for 64 equal cells: 63 degrees of freedom, above 117 with a probability of 5e-5. */
function chiSquare(values: readonly number[]): number {
  const counts = new Float64Array(64);
  for (const value of values) counts[Math.floor(value * 64)]! += 1;
  const expected = values.length / 64;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

Deno.test("A seed gives these very numbers, on every machine and in every release", () => {
  const key = randomKey(1);
  assertEquals([0, 1, 2].map(key.bits), [3348811952, 1864687606, 932071247]);
  assertEquals([0, 1].map(key.split("rollout", 3, 17).bits), [3995257770, 1330760998]);
  assertEquals(key.uniform(0), 0.7797060423763469);
  assertEquals([...key.permutation(8)], [5, 4, 0, 2, 6, 7, 3, 1]);
});

Deno.test("Seeds and counters beyond 32 bits, and negative seeds, have numbers of their own", () => {
  const numbers = [randomKey(0), randomKey(-1), randomKey(2 ** 32), randomKey(2 ** 40)].map((key) =>
    key.bits(0)
  );
  assertEquals(new Set([...numbers, randomKey(0).bits(2 ** 32), randomKey(0).bits(2 ** 40)]).size, 6);
});

Deno.test("A number depends on key and counter alone, not on what was drawn before", () => {
  const key = randomKey(7);
  const late = key.bits(1000);
  uniforms(key, 100);
  assertEquals(key.bits(1000), late);
  assertEquals(randomKey(7).bits(1000), late);
});

Deno.test("The uniform numbers of several seeds are uniform, and inside (0, 1)", () => {
  for (const seed of [0, 1, 2, 12345]) {
    const values = uniforms(randomKey(seed));
    assert(values.every((value) => value > 0 && value < 1));
    assertAlmostEquals(mean(values), 1 / 2, 0.005);
    assertAlmostEquals(variance(values), 1 / 12, 0.0015);
    assertLess(chiSquare(values), 117);
  }
});

Deno.test("Numbers at one counter are uniform across streams, and across seeds", () => {
  const key = randomKey(3);
  assertLess(chiSquare(Array.from({ length: DRAWS }, (_, i) => key.split("rollout", i).uniform(0))), 117);
  assertLess(chiSquare(Array.from({ length: DRAWS }, (_, i) => randomKey(i).uniform(0))), 117);
});

Deno.test("Split streams are uncorrelated with each other, their parent and their own past", () => {
  const parent = randomKey(5);
  const [a, b, root] = [parent.split("x", 0), parent.split("x", 1), parent].map((key) => uniforms(key));
  // Five standard deviations of a correlation over so many independent pairs.
  const bound = 5 / Math.sqrt(DRAWS);
  assertLess(Math.abs(correlation(a!, b!)), bound);
  assertLess(Math.abs(correlation(a!, root!)), bound);
  assertLess(Math.abs(correlation(a!.slice(1), a!.slice(0, -1))), bound);
});

Deno.test("Paths that look alike when run together give different streams", () => {
  const key = randomKey(1);
  const paths = [
    ["ab"],
    ["a", "b"],
    ["b", "a"],
    ["a", 98],
    [1, 2],
    [12],
    [2, 1],
    [1],
    [1 + 2 ** 32],
    [""],
    [],
  ];
  assertEquals(new Set(paths.map((path) => key.split(...path).bits(0))).size, paths.length);
});

Deno.test("Splitting once by a path is not splitting by its parts in another order", () => {
  const key = randomKey(1);
  assertNotEquals(key.split("a").split("b").bits(0), key.split("b").split("a").bits(0));
});

Deno.test("Gumbel noise has mean γ and variance π²/6, and goes on from a counter", () => {
  const key = randomKey(11);
  const noise = new Float64Array(DRAWS);
  key.fillGumbel(noise);
  assertAlmostEquals(mean(noise), 0.5772156649, 0.03);
  assertAlmostEquals(variance(noise), Math.PI ** 2 / 6, 0.08);
  const tail = new Float64Array(3);
  key.fillGumbel(tail, 100);
  assertEquals([...tail], [...noise.slice(100, 103)]);
});

Deno.test("Normal noise has mean 0, variance 1 and a fourth moment of 3", () => {
  const noise = new Float64Array(DRAWS);
  randomKey(13).fillNormal(noise);
  assertAlmostEquals(mean(noise), 0, 0.025);
  assertAlmostEquals(variance(noise), 1, 0.035);
  assertAlmostEquals(mean(noise.map((x) => x ** 4)), 3, 0.25);
});

Deno.test("A permutation holds every place once, and each of the 24 of four things is as likely", () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = randomKey(17).split(i).permutation(4);
    assertEquals([...order].sort(), [0, 1, 2, 3]);
    counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
  }
  assertEquals(counts.size, 24);
  // 23 degrees of freedom: above 60 with a probability of 4e-5.
  assertLess([...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0), 60);
});

Deno.test("Permutations of nothing and of one thing exist", () => {
  assertEquals([...randomKey(1).permutation(0)], []);
  assertEquals([...randomKey(1).permutation(1)], [0]);
});
