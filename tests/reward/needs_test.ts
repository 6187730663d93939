import { assertEquals, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { availableSignals, checkNeeds } from "../../src/reward/needs.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { smallWorld } from "../contracts/world.ts";

Deno.test("checkNeeds() stops at the metric whose signal the data lack, and says what to add", async () => {
  const terms = [
    { metric: await loadMetric("ndcg@10"), weight: 0.7 },
    { metric: await loadMetric("ild@10"), weight: 0.3 },
  ];
  checkNeeds(terms, { categories: true });
  const error = assertThrows(() => checkNeeds(terms, { categories: false }), BladeError, "ild@10");
  assertEquals(error.refusal.value, "categories");
});

Deno.test("checkNeeds() asks for what the options make a metric read", async () => {
  const byFeatures = await loadMetric("ild@10?by=features");
  checkNeeds([byFeatures], { categories: false });
  assertThrows(() => checkNeeds([byFeatures], { features: false }), BladeError, "features");
});

Deno.test("availableSignals() finds a table without any entry missing", () => {
  const { signals } = smallWorld();
  const none = { dimensions: 0, of: () => undefined };
  assertEquals(availableSignals({ ...signals, embedding: none, categories: { names: [], of: () => [] } }), {
    categories: false,
    features: true,
    embedding: false,
    userGroups: true,
    itemGroups: true,
    popularity: true,
    catalogSize: true,
  });
});
