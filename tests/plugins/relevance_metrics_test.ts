import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Context } from "../../src/core/context.ts";
import type { ListMetric } from "../../src/reward/metric.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { scoreList } from "../../src/reward/score_list.ts";
import { smallWorld } from "../contracts/world.ts";

const context: Context = { contextId: 0, user: 0, history: [], seen: new Set() };

async function valueOf(
  spec: string,
  slate: readonly number[],
  gains: readonly (readonly [number, number])[],
  ranks?: readonly number[],
  signals = smallWorld().signals,
) {
  const { metric } = await loadMetric(spec);
  const relevance = { of: () => new Map(gains) };
  const batch = {
    items: Int32Array.from(slate),
    contextRow: Int32Array.of(0),
    contexts: [context],
    cutoff: slate.length,
    ...(ranks === undefined ? {} : { ranks: Int32Array.from(ranks) }),
  };
  const { values, reasons } = scoreList(spec, metric as ListMetric, batch, { ...signals, relevance });
  const reason = reasons.get(0);
  return reason === undefined ? values[0]! : { notDefined: reason };
}

const second = 1 / Math.log2(3);
const third = 1 / Math.log2(4);

Deno.test("ndcg discounts by log2(rank + 1) and divides by the best order of the gains", async () => {
  // Gains 1 at rank 2 and 3 at rank 3; best: 3, then 1.
  const value = await valueOf("ndcg@3", [9, 1, 2], [[1, 1], [2, 3]]);
  assertAlmostEquals(value as number, (1 * second + 3 * third) / (3 + 1 * second), 1e-12);
});

Deno.test("ndcg's full ideal fills the cutoff with the greatest gain", async () => {
  const value = await valueOf("ndcg@3?ideal=full", [1, 9, 8], [[1, 2]]);
  assertAlmostEquals(value as number, 2 / (2 + 2 * second + 2 * third), 1e-12);
});

Deno.test("ndcg without a cutoff takes every relevant item into the ideal", async () => {
  const value = await valueOf("ndcg", [1], [[1, 1], [2, 1], [3, 1]]);
  assertAlmostEquals(value as number, 1 / (1 + second + third), 1e-12);
});

Deno.test("an item that stands in the slate twice counts once, where it is first", async () => {
  assertEquals(await valueOf("recall@3", [1, 1, 9], [[1, 1], [2, 1]]), 1 / 2);
  assertEquals(await valueOf("precision@3", [1, 1, 9], [[1, 1], [2, 1]]), 1 / 3);
  assertEquals(await valueOf("map@3", [1, 1, 2], [[1, 1], [2, 1]]), (1 + 2 / 3) / 2);
  assertAlmostEquals(await valueOf("ndcg@3", [1, 1, 9], [[1, 1]]) as number, 1, 1e-12);
  assertAlmostEquals(await valueOf("dcg@3", [9, 1, 1], [[1, 1]]) as number, second, 1e-12);
});

Deno.test("a rank without an item is a miss", async () => {
  assertEquals(await valueOf("mrr@3", [-1, -1, 1], [[1, 1]]), 1 / 3);
  assertEquals(await valueOf("precision", [1, -1, -1, 2], [[1, 1], [2, 1]]), 1 / 2);
});

Deno.test("of two items on one rank both count", async () => {
  assertEquals(await valueOf("recall@1", [9, 1, 2], [[1, 1], [2, 1]], [1, 1, 2]), 1 / 2);
  assertAlmostEquals(await valueOf("ndcg@1", [9, 1], [[1, 1]], [1, 1]) as number, 1, 1e-12);
  assertEquals(await valueOf("mrr", [9, 1], [[1, 1]], [1, 1]), 1);
});

Deno.test("the threshold decides what is relevant, in the slate and in the ideal", async () => {
  const gains = [[1, 2], [2, 4], [3, 5]] as const;
  assertEquals(await valueOf("recall@2?threshold=4", [1, 2], gains), 1 / 2);
  assertEquals(await valueOf("recall@2?threshold=6", [1, 2], gains), { notDefined: "no relevant item" });
  assertEquals(await valueOf("recall@2?threshold=6&empty=zero", [1, 2], gains), 0);
});

Deno.test("a gain of 0 is not relevant", async () => {
  assertEquals(await valueOf("hit-rate@2", [1, 2], [[1, 0], [5, 1]]), 0);
  assertEquals(await valueOf("hit-rate@2", [1, 2], [[1, 0]]), { notDefined: "no relevant item" });
});

Deno.test("map divides by the relevant items, by at most the cutoff, or by the cutoff", async () => {
  const gains = [[1, 1], [2, 1], [3, 1], [4, 1]] as const;
  // Hits at ranks 1 and 3 of 3: 1 + 2/3.
  for (const [divisor, over] of [["relevant", 4], ["min", 3], ["k", 3]] as const) {
    const value = await valueOf(`map@3?divisor=${divisor}`, [1, 9, 2], gains);
    assertAlmostEquals(value as number, (5 / 3) / over, 1e-12);
  }
});

Deno.test("f-beta weighs recall by β: precision alone at 0, recall alone at a huge one", async () => {
  // P = 1/2, R = 1/3.
  const at = (beta: number) => valueOf(`f-beta@2?beta=${beta}`, [1, 9], [[1, 1], [2, 1], [3, 1]]);
  assertAlmostEquals(await at(1) as number, 2 / 5, 1e-12);
  assertAlmostEquals(await at(2) as number, 5 / 14, 1e-12);
  assertAlmostEquals(await at(0) as number, 1 / 2, 1e-12);
  assertAlmostEquals(await at(1e200) as number, 1 / 3, 1e-12);
  assertEquals(await valueOf("f-beta@2", [8, 9], [[1, 1]]), 0);
  // A short list still divides by the cutoff: P = 1/4.
  assertAlmostEquals(await valueOf("f-beta@4", [1], [[1, 1]]) as number, 2 / 5, 1e-12);
});

Deno.test("r-precision without a cutoff looks at as many ranks as there are relevant items", async () => {
  const gains = [[1, 1], [2, 1]] as const;
  assertEquals(await valueOf("r-precision", [9, 1, 2], gains), 1 / 2);
  assertEquals(await valueOf("r-precision@3", [9, 1, 2], gains), 1);
  assertEquals(await valueOf("r-precision@1", [9, 1, 2], gains), 0);
  assertEquals(await valueOf("r-precision@1", [2, 1], gains), 1);
});

Deno.test("dcg is the discounted gain itself", async () => {
  const gains = [[1, 3], [2, 1]] as const;
  assertAlmostEquals(await valueOf("dcg@3", [9, 1, 2], gains) as number, 3 * second + third, 1e-12);
  const exponential = await valueOf("dcg@2?gain=exponential", [9, 1, 2], gains);
  assertAlmostEquals(exponential as number, 7 * second, 1e-12);
});

Deno.test("gains too large to add up have no value", async () => {
  const tooLarge = { notDefined: "the gains are too large to add up" };
  assertEquals(await valueOf("dcg@2?gain=exponential", [1], [[1, 2000]]), tooLarge);
  assertEquals(await valueOf("ndcg@2?gain=exponential", [1], [[1, 2000]]), tooLarge);
});

Deno.test("serendipity is how much higher a relevant item stands than its popularity puts it", async () => {
  // 12 items; item 9 is the tenth by popularity: 12/12 − 3/12. Item 0, the first, stands lower than it would.
  assertAlmostEquals(await valueOf("serendipity", [9, 0], [[9, 1], [0, 1]]) as number, 0.75 / 2, 1e-12);
  assertEquals(await valueOf("serendipity", [9, 0], [[0, 1]]), 0);
  // Never met in training: the whole height.
  assertAlmostEquals(await valueOf("serendipity", [0, 10], [[10, 1]]) as number, (11 / 12) / 2, 1e-12);
});

Deno.test("epc and efd weigh the novelty of relevant items by their ranks", async () => {
  // Item 9: 1 of 126 interactions, 1 of 25 users.
  assertAlmostEquals(await valueOf("epc", [9, 0], [[9, 1]]) as number, 0.96 / (1 + second), 1e-12);
  assertAlmostEquals(await valueOf("epc", [-1, 9], [[9, 1]]) as number, 0.96 * second / (1 + second), 1e-12);
  assertAlmostEquals(await valueOf("epc", [10], [[10, 1]]) as number, 1, 1e-12);
  assertAlmostEquals(await valueOf("efd", [9, 0], [[9, 1]]) as number, Math.log2(126) / (1 + second), 1e-12);
  // An item never met is as novel as the rarest.
  assertAlmostEquals(await valueOf("efd", [10], [[10, 1]]) as number, Math.log2(126), 1e-12);
  assertEquals(await valueOf("epc?threshold=2", [9], [[9, 1]]), { notDefined: "no relevant item" });
});

Deno.test("equal counts share a popularity rank, and the rarest item need not have been met once", async () => {
  const { signals } = smallWorld();
  const counts = Float64Array.of(8, 4, 4, 2, 0, 0);
  const popularity = {
    counts,
    users: counts,
    totalInteractions: 18,
    totalUsers: 8,
    order: [0, 1, 2, 3, 4, 5],
  };
  const at = (spec: string, item: number) =>
    valueOf(spec, [item], [[item, 1]], undefined, { ...signals, popularity, catalogSize: 6 });
  // Dense ranks 1, 2, 2, 3 in a catalog of 6.
  assertAlmostEquals(await at("serendipity", 2) as number, 1 / 6, 1e-12);
  assertAlmostEquals(await at("serendipity", 3) as number, 2 / 6, 1e-12);
  assertAlmostEquals(await at("efd", 4) as number, Math.log2(18 / 2), 1e-12);
});
