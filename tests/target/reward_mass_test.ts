import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { weightedSums } from "../../src/target/preference.ts";
import { massAround, massOfAny, totalMass } from "../../src/target/reward_mass.ts";
import { emptyPool, poolObservations, pourInto } from "../../src/target/reward_pool.ts";

const observation = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 8 }));

Deno.test("The mass of rewards in any order is what counting them one by one finds", () => {
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 12 }), fc.integer({ min: -4, max: 4 }), (seen, at) => {
      const mass = massOfAny(
        Float64Array.from(seen, ([reward]) => reward),
        Float64Array.from(seen, ([, weight]) => weight),
      );
      const rewards = [...new Set(seen.map(([reward]) => reward))].sort((a, b) => a - b);
      assertEquals([...mass.rewards], rewards);
      const sum = (holds: (reward: number) => boolean) =>
        seen.reduce((total, [reward, weight]) => total + (holds(reward) ? weight : 0), 0);
      assertEquals([...mass.weights], rewards.map((reward) => sum((other) => other === reward)));
      assertEquals(massAround([mass], at), [sum((r) => r < at), sum((r) => r === at), sum((r) => r > at)]);
      assertEquals(totalMass([mass, mass]), 2 * sum(() => true));
    }),
  );
});

Deno.test("A weighted sum turns a metric of which less is better, and passes over one without a part", () => {
  assertEquals(weightedSums(Float64Array.of(1, 2), [-1]), Float64Array.of(-1, -2));
  assertEquals(weightedSums(Float64Array.of(1, 2), [0.5]), Float64Array.of(0.5, 1));
  assertEquals(weightedSums(Float64Array.of(Infinity, 2, 7, 3), [0, 1]), Float64Array.of(2, 3));
});

Deno.test("A full pool gives up its oldest row for each new one, and no other", () => {
  const row = (i: number) => [i, -i];
  const rows = (from: number, to: number) =>
    Float64Array.from(Array.from({ length: to - from }, (_, i) => row(from + i)).flat());
  const full = pourInto(pourInto(emptyPool(2), rows(0, 1000)), rows(1000, 1026));
  assertEquals(full.values.length, 2 * 1024);
  assertEquals([...full.values.slice(0, 8)], [...row(1024), ...row(1025), ...row(2), ...row(3)]);
  assertEquals([...full.values.slice(-2)], row(1023));
  assertEquals(full.next, 2);
});

Deno.test("Of more rows than a pool holds it takes evenly spaced ones", () => {
  const many = Float64Array.from({ length: 2 * 3072 }, (_, at) => at);
  const { values, next } = pourInto(emptyPool(2), many);
  assertEquals([values.length, next], [2 * 1024, 0]);
  assertEquals([...values.slice(0, 6)], [0, 1, 6, 7, 12, 13]);
  assertEquals([...values.slice(-2)], [6138, 6139]);
});

Deno.test("The rows of a pool share its weight, of several metrics too", () => {
  const pool = pourInto(emptyPool(2), Float64Array.of(1, 2, 0, 5, 1, 2, 1, 3));
  const { values, weights } = poolObservations(pool, 8);
  assertEquals([...values], [0, 5, 1, 2, 1, 3]);
  assertEquals([...weights], [2, 4, 2]);
});

Deno.test("A pool that is not full has a row for each reward, and no more", () => {
  const pool = pourInto(pourInto(emptyPool(2), Float64Array.of(1, 2, 3, 4)), Float64Array.of(5, 6));
  assertEquals([[...pool.values], pool.next], [[1, 2, 3, 4, 5, 6], 3]);
});

Deno.test("Hundreds of rewards in any order are put in order", () => {
  const rewards = Float64Array.from({ length: 500 }, (_, i) => (i * 7919) % 499 - (i % 3 === 0 ? 700 : 0));
  const mass = massOfAny(rewards, new Float64Array(500).fill(1));
  assertEquals([...mass.rewards], [...new Set(rewards)].sort((a, b) => a - b));
  assertEquals(totalMass([mass]), 500);
});
