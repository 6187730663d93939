import { assert, assertEquals, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import type { Signals } from "../../src/core/signals.ts";
import { cutBatch, rowOf } from "../../src/reward/cut.ts";
import { batchRows } from "../../src/reward/batch_rows.ts";
import { defineMetric } from "../../src/reward/define_metric.ts";
import type { ListMetric, MetricBatch, PopulationMetric } from "../../src/reward/metric.ts";
import type { AnyFactory } from "../../src/reward/plugin.ts";

const LIST = {
  name: "mine",
  summary: "A metric.",
  kind: "list",
  range: [0, 1],
  direction: "maximize",
  needs: [],
  score: () => 1,
} as const;
const nothing = () => {};
const POPULATION = {
  ...LIST,
  kind: "population",
  create: nothing,
  add: nothing,
  remove: nothing,
  value: () => 1,
};

const define = (spec: Record<string, unknown>) => defineMetric(spec as never) as unknown as AnyFactory;

const NAME = [
  "name",
  "must be letters, digits and dashes, a letter first",
  'name it like "list-length"',
] as const;
const KIND = [
  "kind",
  "must be list or population",
  'write "list" for a metric of one slate, "population" for one of many together',
] as const;
const DIRECTION = ["direction", "must be maximize or minimize", "say whether more is better"] as const;
const RANGE = ["range", "must be [least, greatest]", "give the bounds, or -Infinity and Infinity"] as const;
const NEEDS = [
  "needs",
  "must list signals out of relevance, popularity, categories, features, embedding, history, userGroups, itemGroups, catalogSize",
  "name the signals that it reads, [] for none",
] as const;
const SCORE = [
  "score",
  "must be a function (or scoreBatch must)",
  "write score(slate, context, signals, options)",
] as const;
const part = (name: string) =>
  [name, "must be a function", "a population metric has create, add, remove and value"] as const;

for (
  const [spec, change, [field, rule, mend]] of [
    [LIST, { name: "" }, NAME],
    [LIST, { name: "9lives" }, NAME],
    [LIST, { name: "two words" }, NAME],
    [LIST, { name: 5 }, NAME],
    [LIST, { name: ["a"] }, NAME],
    [LIST, { summary: undefined }, ["summary", "must be a sentence", "say what it measures"]],
    [LIST, { kind: "slate" }, KIND],
    [LIST, { direction: "up" }, DIRECTION],
    [LIST, { range: undefined }, RANGE],
    [LIST, { range: [1, 0] }, RANGE],
    [LIST, { range: [0] }, RANGE],
    [LIST, { range: [0, 1, 2] }, RANGE],
    [LIST, { range: ["0", 1] }, RANGE],
    [LIST, { range: [0, "1"] }, RANGE],
    [LIST, { range: { 0: 0, 1: 1, length: 2 } }, RANGE],
    [LIST, { needs: ["weather"] }, NEEDS],
    [LIST, { needs: ["history", "weather"] }, NEEDS],
    [LIST, { needs: "history" }, NEEDS],
    [LIST, { score: 1 }, SCORE],
    [POPULATION, { create: undefined }, part("create")],
    [POPULATION, { add: 1 }, part("add")],
    [POPULATION, { remove: undefined }, part("remove")],
    [POPULATION, { value: 3 }, part("value")],
  ] as const
) {
  Deno.test(`a plugin whose specification has ${JSON.stringify(change)} is refused by that field`, () => {
    const broken: Record<string, unknown> = { ...spec, ...change };
    const { refusal } = assertThrows(() => define(broken), BladeError);
    const called = typeof broken.name === "string" ? broken.name : "without a name";
    assertEquals(
      refusal,
      { place: `metric plugin ${called}: ${field}`, rule, value: broken[field], mend } as never,
    );
  });
}

Deno.test("the bounds of a specification may be equal, infinite or a function, and each signal may be needed", () => {
  const needs = [
    "relevance",
    "popularity",
    "categories",
    "features",
    "embedding",
    "history",
    "userGroups",
    "itemGroups",
    "catalogSize",
  ];
  for (const range of [[1, 1], [-Infinity, Infinity], () => [0, 1]]) define({ ...LIST, range });
  assertEquals(define({ ...LIST, needs }).spec.needs, needs as never);
  for (const name of ["a", "A-b_c.d9"]) assertEquals(define({ ...LIST, name }).spec.name, name);
  define({ ...LIST, score: undefined, scoreBatch: nothing });
});

Deno.test("a factory and its metrics repeat what the specification says, and leave out what it leaves out", () => {
  const more = { formula: "a/b", source: "a paper", equals: ["RecBole"] };
  assertEquals(define({ ...LIST, ...more, options: { a: 1 } }).spec, {
    contract: 1,
    name: "mine",
    summary: "A metric.",
    kind: "list",
    direction: "maximize",
    needs: [],
    options: { a: 1 },
    ...more,
  });
  const { spec } = define(LIST);
  assertEquals(Object.keys(spec).sort(), [
    "contract",
    "direction",
    "kind",
    "name",
    "needs",
    "options",
    "summary",
  ]);
  const metric = define({ ...LIST, ...more })({ cutoff: 3 });
  assertEquals([metric.formula, metric.summary, metric.range, metric.cutoff], [
    "a/b",
    "A metric.",
    [0, 1],
    3,
  ]);
  assert(!("formula" in define(LIST)()));
  const minimize = define({
    ...POPULATION,
    direction: "minimize",
    range: ({ cutoff }: { cutoff: number }) => [0, cutoff],
  });
  assertEquals([minimize({ cutoff: 4 }).range, minimize({ cutoff: 4 }).direction], [[0, 4], "minimize"]);
});

Deno.test("a metric of many slates is shown them cut, with their context or with none", () => {
  const seen: unknown[] = [];
  const factory = define({
    ...POPULATION,
    add: (_: unknown, ...shown: unknown[]) => seen.push(["add", ...shown]),
    remove: (_: unknown, ...shown: unknown[]) => seen.push(["remove", ...shown]),
  });
  const metric = factory({ cutoff: 2 }) as PopulationMetric;
  metric.add({}, [4, 7, 2], 0.5);
  metric.add({}, [4, 7, 2], 1, [1, 1, 2], 6);
  metric.remove({}, [4, -1, 2], 1, undefined, 6);
  metric.remove({}, [4, 5, 2], 2);
  assertEquals(seen, [
    ["add", [4, 7], 0.5, [1, 2], -1],
    ["add", [4, 7, 2], 1, [1, 1, 2], 6],
    ["remove", [4], 1, [1], 6],
    ["remove", [4, 5], 2, [1, 2], -1],
  ]);
});

const TIED: MetricBatch = {
  items: Int32Array.of(4, 7, 2, 5, -1, -1, 9, 8, 6),
  contextRow: Int32Array.of(0, 0, 1),
  contexts: [],
  cutoff: 3,
  ranks: Int32Array.of(1, 1, 2, 1, 2, 3, 1, 2, 2),
};

Deno.test("a batch whose items share ranks is cut by rank, to the widest row that is left", () => {
  const one = cutBatch(TIED, 1);
  assertEquals([one.cutoff, [...one.items]], [2, [4, 7, 5, -1, 9, -1]]);
  assertEquals([...one.ranks!], [1, 1, 1, 2, 1, 2]);
  assertEquals(cutBatch(TIED, undefined), TIED);
  const two = cutBatch(TIED, 2);
  assertEquals([...two.items], [...TIED.items]);
  assertEquals(rowOf(one, 0), { slate: [4, 7], ranks: [1, 1] });
});

Deno.test("a cut batch shares nothing that a plugin could write into", () => {
  for (const batch of [TIED, { items: TIED.items, contextRow: TIED.contextRow, contexts: [], cutoff: 3 }]) {
    const cut = cutBatch(batch, undefined);
    assert(cut.items !== batch.items);
    assert(cut.contextRow !== batch.contextRow);
    assertEquals(cut, batch);
  }
});

Deno.test("some rows of a batch keep their items, ranks and contexts, in the order that was asked", () => {
  assertEquals(batchRows(TIED, [2, 0]), {
    ...TIED,
    items: Int32Array.of(9, 8, 6, 4, 7, 2),
    ranks: Int32Array.of(1, 2, 2, 1, 1, 2),
    contextRow: Int32Array.of(1, 0),
  });
  const { ranks: _, ...plain } = TIED;
  assert(!("ranks" in batchRows(plain, [1])));
});

Deno.test("a metric is given its options, and no signal that it did not name", () => {
  const given: unknown[] = [];
  const factory = define({
    ...LIST,
    needs: ["history"],
    options: { a: 2 },
    score: (_slate: unknown, _context: unknown, signals: object, options: unknown, ranks: unknown) => {
      given.push(Object.keys(signals), options, ranks);
      return 1;
    },
  });
  const signals = { history: {}, relevance: {}, catalogSize: 3 } as unknown as Signals;
  (factory({ cutoff: 1 }) as ListMetric).score!([5, 6], {} as never, signals, [1, 2]);
  assertEquals(given, [["history"], { a: 2, cutoff: 1 }, [1]]);
});
