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
) {
  const { metric } = await loadMetric(spec);
  const { signals } = smallWorld();
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
