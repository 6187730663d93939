import { assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { evaluateLists, type ListTables } from "../../src/evaluate/evaluate_lists.ts";

async function perUserOf(tables: ListTables, spec: string) {
  return (await evaluateLists(tables, [spec], { resamples: 10 })).perUser[spec];
}

Deno.test("a user of `relevant` without a list scores 0, one without a relevant item has no value", async () => {
  const tables = { lists: [["a", "1", 1], ["b", "1", 1]], relevant: [["a", "1", 1], ["c", "1", 1]] };
  assertEquals(await perUserOf(tables, "recall@1"), { a: 1, b: null, c: 0 });
});

Deno.test("a user without a list has no value on other metrics", async () => {
  const tables = { lists: [["a", "1", 1]], relevant: [["c", "1", 1]], history: [["h", "1"]] };
  assertEquals(await perUserOf(tables, "popularity"), { a: 1, c: null });
});

Deno.test("rows may be records, numbers texts, lists cells with bars", async () => {
  const tables = {
    lists: [{ user: 7, item: "x", rank: "1" }, { user: 7, item: "y", rank: "2" }],
    items: [{ item: "x", categories: "p|q", features: "0|1" }, {
      item: "y",
      categories: ["p"],
      features: [0, 3],
    }],
  };
  assertEquals(await perUserOf(tables, "ild"), { 7: 0.5 });
  assertEquals(await perUserOf(tables, "ild?distance=hamming&by=features"), { 7: 1 });
});

Deno.test("lists need not be in the order of their ranks", async () => {
  const tables = { lists: [["a", "2", 2], ["a", "1", 1]], relevant: [["a", "2", 1]] };
  assertEquals(await perUserOf(tables, "mrr"), { a: 0.5 });
});

Deno.test("items that share a rank all count, and push no other item behind the cutoff", async () => {
  const tables = {
    lists: [["a", "1", 1], ["a", "2", 1], ["a", "3", 2], ["a", "4", 3]],
    relevant: [["a", "2", 1], ["a", "3", 1], ["a", "4", 1]],
  };
  assertEquals(await perUserOf(tables, "recall@2"), { a: 2 / 3 });
  assertEquals(await perUserOf(tables, "mrr"), { a: 1 });
});

Deno.test("keys are the specs as typed, and a mean that nobody has is null", async () => {
  const tables = { lists: [["a", "1", 1]], relevant: [] };
  const { metrics } = await evaluateLists(tables, ["ndcg@1", "recall"]);
  assertEquals(Object.keys(metrics), ["ndcg@1", "recall"]);
  assertEquals(metrics["recall"], { mean: null, interval95: null, contexts: 0, undefined: 1 });
});

const REFUSED: Readonly<Record<string, readonly [ListTables, string, string]>> = {
  "a rank of 0": [{ lists: [["a", "1", 0]], relevant: [] }, "mrr", "table lists, row 1, column rank"],
  "a missing rank": [{ lists: [["a", "1", 1], ["a", "2"]], relevant: [] }, "mrr", "row 2, column rank"],
  "a missing user": [{ lists: [{ item: "1", rank: 1 }], relevant: [] }, "mrr", "column user"],
  "a negative gain": [{ lists: [], relevant: [["a", "1", -1]] }, "mrr", "table relevant, row 1, column gain"],
  "a vector of words": [
    { lists: [], items: [{ item: "1", features: "red" }] },
    "ild?by=features",
    "column features",
  ],
  "vectors of two lengths": [
    { lists: [], items: [{ item: "1", embedding: [1] }, { item: "2", embedding: [1, 2] }] },
    "ild?by=embedding",
    "table items, row 2",
  ],
  "a table that the metric needs": [{ lists: [["a", "1", 1]] }, "ndcg@10", "--relevant"],
  "items without categories": [{ lists: [["a", "1", 1]], items: [["1"]] }, "ild", "categories column"],
  "gaps too wide for memory": [
    { lists: [["a", "1", 1], ["b", "1", 900_000_000]], relevant: [] },
    "mrr",
    "must not leave gaps",
  ],
};

for (const [name, [tables, spec, what]] of Object.entries(REFUSED)) {
  Deno.test(`evaluateLists() refuses ${name} and says where`, async () => {
    await assertRejects(() => evaluateLists(tables, [spec]), BladeError, what);
  });
}

Deno.test("a wide gap behind the cutoff does no harm", async () => {
  const tables = { lists: [["a", "1", 1], ["a", "2", 900_000_000]], relevant: [["a", "2", 1]] };
  assertEquals(await perUserOf(tables, "recall@5"), { a: 0 });
});
