import { assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { evaluateLists, type ListTables } from "../../src/evaluate/evaluate_lists.ts";

const folder = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

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
  assertEquals(await perUserOf({ ...tables, relevant: [["a", "1"], ["a", "4"]] }, "recall@2"), { a: 1 / 2 });
});

Deno.test("keys are the specs as typed, and a mean that nobody has is null", async () => {
  const tables = { lists: [["a", "1", 1]], relevant: [] };
  const { metrics } = await evaluateLists(tables, ["ndcg@1", "recall"]);
  assertEquals(Object.keys(metrics), ["ndcg@1", "recall"]);
  assertEquals(metrics["recall"], { mean: null, interval95: null, contexts: 0, undefined: 1 });
});

Deno.test("what is unusual about lists is counted", async () => {
  const { notes } = await evaluateLists(
    {
      lists: [
        ["a", "1", 1],
        ["a", "1", 3], // again, behind a gap of one
        ["a", "2", 3], // on the same rank
        ["b", "9", 4], // unknown, behind a gap of three
        ["c", "9", 1], // unknown as before: one item; c has nothing relevant
        ["d", "1", 1], // neither has d, whose only row has gain 0
      ],
      relevant: [["a", "1"], ["b", "1"], ["d", "1", 0], ["e", "9"], ["f", "1", 0]],
      items: [["1"], ["2"], ["3"]],
    },
    ["recall"],
    { resamples: 10 },
  );
  assertEquals(notes, {
    repeatedItems: 1,
    unknownItems: 1,
    rankGaps: 4,
    sharedRanks: 1,
    usersWithoutList: 1,
    usersWithoutRelevant: 2,
  });
});

Deno.test("a repeated item counts once for relevance and each time for shares and exposure", async () => {
  const tables = {
    lists: [["a", "1", 1], ["a", "1", 2], ["a", "2", 3], ["a", "3", 4]],
    relevant: [["a", "1"], ["a", "4"]],
    history: [["h", "1"], ["h", "1"], ["h", "1"], ["h", "2"]],
  };
  assertEquals(await perUserOf(tables, "recall"), { a: 0.5 });
  assertEquals(await perUserOf(tables, "popularity"), { a: (3 + 3 + 1 + 0) / 4 });
});

Deno.test("repeats of one item in the lists of several users are no repeats", async () => {
  const tables = { lists: [["a", "1", 1], ["b", "1", 1], ["a", "2", 2]], relevant: [] };
  assertEquals((await evaluateLists(tables, ["mrr"])).notes.repeatedItems, 0);
});

Deno.test("of a relevant item with several gains the last counts, and a gain of 0 takes it away", async () => {
  const lists = [["a", "1", 1], ["b", "1", 1]];
  const relevant = [["a", "1", 1], ["a", "2", 1], ["a", "2", 0], ["b", "1", 0], ["b", "1", 3], ["b", "2", 1]];
  assertEquals(await perUserOf({ lists, relevant }, "recall"), { a: 1, b: 0.5 });
});

Deno.test("histories are in the order of their times, else of their rows, repeats and all", async () => {
  const plugin = await pluginOf(
    "history",
    "[]",
    "context.history.join('') + '0' + [...context.seen].join('')",
  );
  const history = [["a", "x", 3], ["b", "y", 1], ["a", "y", 1], ["a", "x", 1], ["b", "x"]];
  const tables = { lists: [["a", "x", 1], ["b", "y", 1]], history, items: [["z"], ["x"], ["y"]] };
  // x is item 1, y is item 2: y and x at time 1, then x again; b's x has no time, which is before y's.
  assertEquals((await evaluateLists(tables, ["text"], { plugins: [plugin] })).perUser["text"], {
    a: 211021,
    b: 12012,
  });
});

Deno.test("attributes of users reach a metric by context, empty where unknown", async () => {
  const plugin = await pluginOf(
    "userGroups",
    "['userGroups']",
    "[...signals.userGroups].map(([name, of]) => name.length + of[context.contextId]).join('')",
  );
  const tables = {
    lists: [["a", "x", 1], ["b", "x", 1]],
    users: [{ user: "b", town: 7 }, { user: "stranger", town: 9 }, { user: "a", age: "5", town: "" }],
  };
  const { perUser } = await evaluateLists(tables, ["text"], { plugins: [plugin] });
  assertEquals(perUser["text"], { a: 435, b: 473 }); // town is 4 letters, age 3
  await assertRejects(
    () => evaluateLists({ lists: tables.lists }, ["text"], { plugins: [plugin] }),
    BladeError,
    "userGroups",
  );
});

/** A plugin whose value is the number that an expression of the context writes. */
async function pluginOf(name: string, needs: string, expression: string): Promise<string> {
  const path = `${folder}/${name}.ts`;
  await Deno.writeTextFile(
    path,
    `import { defineMetric } from "blade";
export default defineMetric({
  name: "text", summary: "A text as a number.", kind: "list", range: [0, Infinity], direction: "maximize",
  needs: ${needs}, score: (_slate, context, signals) => Number(${expression}),
});
`,
  );
  return path;
}

Deno.test("a metric's interval does not depend on what else is measured", async () => {
  const tables = {
    lists: Array.from({ length: 40 }, (_, user) => [user, "1", user % 5 + 1]),
    relevant: Array.from({ length: 40 }, (_, user) => [user, "1"]),
  };
  const alone = await evaluateLists(tables, ["mrr"]);
  const beside = await evaluateLists(tables, ["recall@2", "coverage", "mrr"]);
  assertEquals(beside.metrics["mrr"], alone.metrics["mrr"]);
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
  "users that are no records": [
    { lists: [], users: [["a", "f"]] as never },
    "mrr",
    "table users, row 1, column all: must be a record",
  ],
  "an attribute that is a list": [
    { lists: [], users: [{ user: "a", age: [1] }] },
    "mrr",
    "table users, row 1, column age: must be a text",
  ],
  "a rank past what 4 bytes hold": [{ lists: [["a", "1", 2 ** 31]], relevant: [] }, "mrr", "column rank"],
  "a time that is a date": [{ lists: [], history: [["a", "1", "2024-05-01"]] }, "mrr", "unix seconds"],
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
