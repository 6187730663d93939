import { assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluateSlates } from "../../src/evaluate/evaluate_slates.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { smallWorld } from "../contracts/world.ts";

const { contexts, signals } = smallWorld();
const common = {
  system: "aligned",
  split: "test",
  items: Int32Array.of(3, 0, 1, 5, 9, 10, 2, 1),
  cutoff: 2,
  contexts,
  signals,
  key: randomKey(1),
} as const;

Deno.test("evaluateSlates() means over the contexts that have a value and counts the others", async () => {
  const { results, perContext } = await evaluateSlates({
    ...common,
    metrics: [await loadMetric("recall@2")],
  });
  // Context 0: 3 of {3}; 1: 1 and 5 of {1, 5, 7}; 2: 9 of 6; 3: nothing is relevant.
  assertEquals(perContext.get("recall@2"), Float64Array.of(1, 2 / 3, 1 / 6, NaN));
  const { mean, interval95, ...rest } = results[0]!;
  assertAlmostEquals(mean!, 11 / 18, 1e-12);
  assertEquals(interval95![0] < mean! && mean! < interval95![1], true);
  assertEquals(rest, { system: "aligned", metric: "recall@2", split: "test", contexts: 3, undefined: 1 });
});

Deno.test("evaluateSlates() gives a metric of all lists one value and no interval", async () => {
  const { results, perContext } = await evaluateSlates({
    ...common,
    metrics: [await loadMetric("coverage@2?as=count")],
  });
  assertEquals([results[0]!.mean, results[0]!.interval95, results[0]!.contexts], [7, null, 4]);
  assertEquals(perContext.size, 0);
});

Deno.test("evaluateSlates() adds the reward, terms of all lists entering every context alike", async () => {
  const reward = [
    { metric: await loadMetric("recall@2"), weight: 1 },
    { metric: await loadMetric("popularity@1"), weight: 0.01 },
    { metric: await loadMetric("coverage@2"), weight: 12 },
  ];
  const { results, perContext } = await evaluateSlates({ ...common, metrics: [], reward });
  // Counts of the first items: 10, 30, 1, 20; seven of twelve items are shown.
  assertEquals(perContext.get("reward"), Float64Array.of(7.9, 7.36666666667, 7.15666666667, NaN));
  assertEquals(results.map(({ metric }) => metric), ["reward"]);
});

Deno.test("a metric's interval does not depend on what else is measured", async () => {
  const [recall, ndcg] = [await loadMetric("recall@2"), await loadMetric("ndcg@2")];
  const alone = (await evaluateSlates({ ...common, metrics: [recall] })).results[0];
  assertEquals((await evaluateSlates({ ...common, metrics: [ndcg, recall] })).results[1], alone);
});
