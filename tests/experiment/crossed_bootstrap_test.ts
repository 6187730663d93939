import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { crossedMeans } from "../../src/experiment/crossed_bootstrap.ts";
import { randomKey } from "../../src/numerics/random.ts";

const key = randomKey(3);

Deno.test("the mean is over seeds of the means over users that have a value", () => {
  // Seed 1: (1 + 3) / 2 = 2; seed 2: (5 + 7 + 9) / 3 = 7.
  const [mean] = crossedMeans([[[1, 3, NaN], [5, 7, 9]]], { key, resamples: 50 });
  assertEquals(mean!.mean, 4.5);
});

Deno.test("with one user the interval is over seeds, with one seed over users", () => {
  const [seeds, users] = [
    crossedMeans([[[0], [1]]], { key, resamples: 4000 })[0]!,
    crossedMeans([[[0, 1]]], { key, resamples: 4000 })[0]!,
  ];
  // Both of two are drawn alike in a quarter of the resamples each: 0, ½, ½, 1.
  assertEquals([seeds.interval95, users.interval95], [[0, 1], [0, 1]]);
  assertEquals(crossedMeans([[[1]]], { key, resamples: 10 })[0], { mean: 1, interval95: null, p: null });
});

Deno.test("what differs between seeds alone widens the interval, however many users there are", () => {
  const constant = (value: number) => new Float64Array(50).fill(value);
  const [fixed, moving] = crossedMeans([
    [constant(1), constant(1), constant(1)],
    [constant(0), constant(1), constant(2)],
  ], { key });
  assertEquals(fixed!.interval95, [1, 1]);
  // Three of three: 0 comes thrice in 1 of 27 resamples, which is more than 2.5 %.
  assertEquals(moving!.interval95, [0, 2]);
});

Deno.test("the variance is about that of the mean over users for one seed", () => {
  const normal = new Float64Array(400);
  randomKey(8).fillNormal(normal);
  const [low, high] = crossedMeans([[normal]], { key, resamples: 4000 })[0]!.interval95!;
  assertAlmostEquals(high - low, 2 * 1.96 / Math.sqrt(400), 0.03);
});

Deno.test("p is that of the smaller side, 1 where nothing differs, null where a seed has no value", () => {
  const p = (...seeds: number[][]) => crossedMeans([seeds], { key, resamples: 999 })[0]!.p;
  assertEquals(p([1, 1, 2]), 2 / 1000);
  assertEquals(p([0, 0], [0, 0]), 1);
  assertEquals(p([NaN, NaN], [1, 1]), null);
});

Deno.test("values that are mostly zero are measured as if all were written out, undefined ones too", () => {
  const hits = Array.from(
    { length: 60 },
    (_, user) => user % 7 === 0 ? 1 / (1 + user) : user % 11 === 0 ? NaN : 0,
  );
  const raised = hits.map((value) => value + 1);
  const [sparse, dense] = crossedMeans([[hits], [raised]], { key, resamples: 500 });
  assertAlmostEquals(sparse!.mean! + 1, dense!.mean!, 1e-12);
  sparse!.interval95!.forEach((bound, at) => assertAlmostEquals(bound + 1, dense!.interval95![at]!, 1e-12));
  const rare = Array.from({ length: 60 }, (_, user) => user < 9 ? user : NaN);
  const [few, none] = crossedMeans([[rare], [new Array(60).fill(NaN)]], { key, resamples: 500 });
  assertEquals([few!.mean, none!.mean], [4, null]);
  assert(few!.interval95![0] < 4 && few!.interval95![1] > 4);
});

Deno.test("what is said of a quantity does not depend on the others, nor on how many seeds these have", () => {
  const values = [[0.1, 0.5, 0.9], [0.2, NaN, 0.4]];
  const alone = crossedMeans([values], { key, resamples: 200 });
  const beside = crossedMeans([[[1, 2, 3]], values, [[0, 0, 0], [1, 1, 1], [2, 2, 2]]], {
    key,
    resamples: 200,
  });
  assertEquals(beside[1], alone[0]);
  assert(alone[0]!.interval95 !== null);
});
