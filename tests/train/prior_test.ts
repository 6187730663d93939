import { assertAlmostEquals, assertEquals } from "@std/assert";
import { bestOfNBound, definedMean } from "../../src/train/prior.ts";

Deno.test("bestOfNBound() is the mean over all draws of n of the largest", () => {
  // Of {1, 2, 4} two: the pairs' maxima are 2, 4 and 4.
  const one = Float64Array.of(4, 1, 2);
  assertAlmostEquals(bestOfNBound(3, one, 1), 7 / 3, 1e-12);
  assertAlmostEquals(bestOfNBound(3, one, 2), 10 / 3, 1e-12);
  assertAlmostEquals(bestOfNBound(3, one, 3), 4, 1e-12);
  assertAlmostEquals(bestOfNBound(3, one, 9), 4, 1e-12);
  // {−3, 0, 5, 5}: three of four always hold a 5.
  assertAlmostEquals(bestOfNBound(4, Float64Array.of(5, -3, 0, 5), 3), 5, 1e-12);
  // Two of four: 0 once, 5 five times.
  assertAlmostEquals(bestOfNBound(4, Float64Array.of(5, -3, 0, 5), 2), 25 / 6, 1e-12);
});

Deno.test("bestOfNBound() agrees with every draw counted", () => {
  const rewards = Float64Array.of(0.3, -1, 2, 2, 0.5, 7, -4);
  for (let n = 1; n <= rewards.length; n++) {
    let sum = 0, draws = 0;
    for (let subset = 0; subset < 2 ** rewards.length; subset++) {
      const drawn = rewards.filter((_, i) => subset >> i & 1);
      if (drawn.length !== n) continue;
      sum += Math.max(...drawn);
      draws++;
    }
    assertAlmostEquals(bestOfNBound(rewards.length, rewards, n), sum / draws, 1e-12, `n = ${n}`);
  }
});

Deno.test("bestOfNBound() is a mean over contexts, and passes over slates without a reward", () => {
  const two = Float64Array.of(1, 2, 4, 10, NaN, 20);
  assertAlmostEquals(bestOfNBound(3, two, 2), (10 / 3 + 20) / 2, 1e-12);
  const empty = Float64Array.of(1, 3, NaN, NaN);
  assertAlmostEquals(bestOfNBound(2, empty, 1), 2, 1e-12);
  assertEquals(bestOfNBound(1, Float64Array.of(NaN), 1), NaN);
});

Deno.test("definedMean() leaves out what is not a number", () => {
  assertEquals([definedMean([1, NaN, 4]), definedMean([NaN]), definedMean([])], [2.5, NaN, NaN]);
});
