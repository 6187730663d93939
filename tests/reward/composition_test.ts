import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { combine, roundReward } from "../../src/reward/combine.ts";
import { compose, preferenceOf, preferredRewards, rewardsOf } from "../../src/reward/composition.ts";
import { ascend, type Constraint, gapOf } from "../../src/reward/constraints.ts";
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

Deno.test("methods that read rewards see the reported one, and each constraint's metric by its multiplier", () => {
  const scored = { ...SCORED, reward: Float64Array.of(1, 2, NaN, 4) };
  const bySum = preferredRewards(sum, Float64Array.of(1, 2), scored);
  // Terms as reported; a standard deviation of either constraint's metric is worth 98·part, twice that of the second.
  const expected = [0, 1, 3].map((row) => {
    const [first, second, third, fourth] = SCORED.values.map((column) => column[row]!) as [
      number,
      number,
      number,
      number,
    ];
    return 2 * first - 0.5 * second - 98 / 0.5 * third + 2 * 98 / 0.02 * fourth;
  });
  assertAlmostEquals(bySum[0]!, expected[0]!, 1e-8);
  assertAlmostEquals(bySum[1]!, expected[1]!, 1e-8);
  assertEquals(bySum[2], NaN);
  assertAlmostEquals(bySum[3]!, expected[2]!, 1e-8);
  const byQuantile = preferredRewards(quantile, Float64Array.of(1, 2), scored);
  const [first, second] = rewardsOf(quantile.terms, SCORED);
  assertAlmostEquals(byQuantile[0]!, first! - 0.25 / (0.5 * part) + 2 * 0.01 / (0.02 * part), 1e-8);
  assertAlmostEquals(byQuantile[1]!, second! - 0.75 / (0.5 * part) + 2 * 0.03 / (0.02 * part), 1e-8);
  const without = compose(
    { ...setting, constraints: [], combine: "sum" },
    {
      values: SCORED.values.slice(0, 2),
      defined: SCORED.defined,
    },
    2,
    20,
  );
  assertEquals(preferredRewards(without, new Float64Array(0), scored), scored.reward);
});

Deno.test("a slate that is marked as without a reward has none, whatever numbers stand there", () => {
  const scored = {
    values: SCORED.values.map((column) => column.map(() => 1)),
    defined: Uint8Array.of(1, 0, 1, 1),
  };
  assertEquals([...rewardsOf(sum.terms, scored)].map(Number.isNaN), [false, true, false, false]);
  const reward = new Float64Array(4);
  const preferred = preferredRewards(sum, new Float64Array(2), { ...scored, reward });
  assertEquals([...preferred].map(Number.isNaN), [false, true, false, false]);
});

Deno.test("asking how slates are preferred changes nothing of the composition", () => {
  preferenceOf(sum, Float64Array.of(3, 4));
  assertEquals([...sum.weights].map((weight) => weight + 0), [2, -0.5, 0, 0]);
});

Deno.test("a value without a weight has no part in the reward, and −0 is 0", () => {
  assertEquals(combine([0.5, NaN, Infinity], [2, 0, 0]), 1);
  assert(Object.is(roundReward(-0), 0));
});

Deno.test("a gap is how far a level is on the wrong side of its bound, in the metric's scale", () => {
  const scale = { reward: 1, level: 0.5 };
  assertEquals([gapOf(atMost, 0.9, scale), gapOf(atMost, 0.4, scale)], [1, 0]);
  assertEquals(gapOf(atLeast, 0.4, scale), 1);
  assertAlmostEquals(gapOf(atLeast, 1.4, scale), -1, 1e-12);
  assertEquals(ascend(Float64Array.of(0.5, 0.5, 0.5), [2, -8, NaN], 0.25), Float64Array.of(1, 0, 0.5));
});
