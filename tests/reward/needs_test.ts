import { assertEquals, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { availableSignals, checkNeeds } from "../../src/reward/needs.ts";
import { type LoadedMetric, loadMetric } from "../../src/reward/registry.ts";
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

Deno.test("every signal that may be missing has its own mend", () => {
  const mends = {
    relevance: "hold out interactions, or give a table of relevant items (--relevant)",
    popularity: "give the training interactions (--history for lists from files)",
    categories:
      "use data whose items have categories (--items with a categories column for lists from files)",
    features: "give an items table with a features column",
    embedding: "give an items table with an embedding column",
    history: "give the users' histories (--history for lists from files)",
    userGroups: "use data that know groups of users (--users for lists from files)",
    itemGroups: "give an items table with a group column",
    catalogSize: "give the items that can be recommended",
  } as const;
  for (const [signal, mend] of Object.entries(mends) as [keyof typeof mends, string][]) {
    const metric = { spec: "m", metric: { needs: [signal] } } as unknown as LoadedMetric;
    const { refusal } = assertThrows(() => checkNeeds([metric], { [signal]: false }), BladeError);
    assertEquals(refusal, {
      place: "metric m",
      rule: "needs a signal that the data do not have",
      value: signal,
      mend: `${mend}, or leave the metric out`,
    });
  }
});

Deno.test("availableSignals() of data without anything finds nothing", () => {
  const none = { dimensions: 0, of: () => undefined };
  assertEquals(
    availableSignals({
      categories: { names: [], of: () => [] },
      features: none,
      embedding: none,
      userGroups: new Map(),
      itemGroups: { names: [], of: () => undefined },
      popularity: { totalInteractions: 0 },
      catalogSize: 0,
    }),
    {
      categories: false,
      features: false,
      embedding: false,
      userGroups: false,
      itemGroups: false,
      popularity: false,
      catalogSize: false,
    },
  );
  assertEquals(availableSignals(smallWorld().signals).embedding, true);
});
