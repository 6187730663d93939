import { assertAlmostEquals, assertEquals } from "@std/assert";
import { compose, preferenceOf, rewardsOf } from "../../src/reward/composition.ts";
import type { Constraint } from "../../src/reward/constraints.ts";
import { loadMetric } from "../../src/reward/registry.ts";

const ndcg = { metric: await loadMetric("ndcg@3"), weight: 2 };
const popularity = { metric: await loadMetric("mgu-list@3"), weight: 0.5 };
const coverage = await loadMetric("coverage@3");
const atMost: Constraint = { metric: await loadMetric("ild@3"), side: "atMost", bound: 0.4 };
const atLeast: Constraint = { metric: coverage, side: "atLeast", bound: 0.9 };

/** Two contexts of two slates; the third slate lacks a value. Columns: two terms, two constraints. */
const SCORED = {
  values: [
    Float64Array.of(0, 1, NaN, 5),
    Float64Array.of(100, 300, 0, 700),
    Float64Array.of(0.25, 0.75, 0.5, 0.9),
    Float64Array.of(0.01, 0.03, 0.5, 0.7),
  ],
  defined: Uint8Array.of(1, 1, 0, 1),
};
const setting = { terms: [ndcg, popularity], constraints: [atMost, atLeast], rate: 0.1 };
const [sum, quantile] = (["sum", "quantile"] as const).map((combine) =>
  compose({ ...setting, combine }, SCORED, 2, 20)
) as [ReturnType<typeof compose>, ReturnType<typeof compose>];
// Of the three defined slates, one alone in its context: the spread of 0 and 1 is √(0.5 / 3).
const part = Math.sqrt(0.5 / 3);

Deno.test("by sum the reward is the weighted sum of raw values; what is to be minimized is turned round", () => {
  assertEquals([...rewardsOf(sum.terms, SCORED)], [-50, -148, NaN, -340]);
});

Deno.test("by quantile the reward counts each metric in standard deviations within a context", () => {
  const [first, second, third, fourth] = rewardsOf(quantile.terms, SCORED);
  assertAlmostEquals(first!, -0.5 * 100 / (200 * part), 1e-9);
  assertAlmostEquals(second!, 2 / part - 0.5 * 300 / (200 * part), 1e-9);
  assertEquals(third, NaN);
  assertAlmostEquals(fourth!, 10 / part - 0.5 * 700 / (200 * part), 1e-9);
});

Deno.test("without multipliers the target prefers by the terms' own weights, and constraints weigh nothing", () => {
  for (const composition of [sum, quantile]) {
    const { combine, weights } = preferenceOf(composition, new Float64Array(2));
    assertEquals([combine, Array.from(weights, (weight) => weight + 0)], [composition.combine, [
      2,
      -0.5,
      0,
      0,
    ]]);
  }
});

Deno.test("a multiplier of 1 makes a standard deviation of its metric worth one of the reward", () => {
  const { weights } = preferenceOf(sum, Float64Array.of(1, 2));
  assertAlmostEquals(sum.rewardScale, 98 * part, 1e-9);
  assertAlmostEquals(weights[2]!, -98 * part / (0.5 * part), 1e-9);
  assertAlmostEquals(weights[3]!, 2 * 98 * part / (0.02 * part), 1e-6);
  assertEquals(Array.from(preferenceOf(quantile, Float64Array.of(1, 2)).weights), [2, -0.5, -1, 2]);
});

Deno.test("the level of a metric of many lists moves by all lists of a step, of one list's by its own spread", () => {
  assertAlmostEquals(sum.scales[0]!.level, 0.5 * part, 1e-12);
  assertAlmostEquals(sum.scales[1]!.level, 20 * 0.02 * part, 1e-12);
});

Deno.test("a metric that is the same for all slates of the reference has scale 1, not 0", () => {
  const flat = {
    values: SCORED.values.map(() => new Float64Array(4).fill(3)),
    defined: new Uint8Array(4).fill(1),
  };
  const { scales, rewardScale } = compose({ ...setting, combine: "quantile" }, flat, 2, 1);
  assertEquals([scales[0], rewardScale], [{ reward: 1, level: 1 }, 1]);
});
