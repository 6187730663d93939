import { defineMetric } from "blade";
import { assertEquals, assertThrows } from "@std/assert";
import { PluginFault } from "../../src/reward/fault.ts";
import type { ListMetric, MetricBatch } from "../../src/reward/metric.ts";
import { isNotDefined, notDefined } from "../../src/reward/not_defined.ts";
import { placeOf, scoreList } from "../../src/reward/score_list.ts";

const contexts = [3, 4].map((contextId) => ({ contextId, user: 9, history: [], seen: new Set<number>() }));
const FACTS = {
  name: "m",
  summary: "A metric.",
  kind: "list",
  range: [0, 1],
  direction: "maximize",
} as const;

function batchOf(rows: readonly (readonly number[])[], ranks?: readonly (readonly number[])[]): MetricBatch {
  return {
    items: Int32Array.from(rows.flat()),
    contextRow: Int32Array.from(rows, (_, row) => row % 2),
    contexts,
    cutoff: rows[0]!.length,
    ...(ranks === undefined ? {} : { ranks: Int32Array.from(ranks.flat()) }),
  };
}

type Fill = (batch: MetricBatch, out: Float64Array, undefine: (row: number, reason: string) => void) => void;

function ofBatch(fill: Fill): ListMetric {
  return defineMetric({
    ...FACTS,
    needs: [],
    scoreBatch: (batch, _signals, _options, out, undefine) => fill(batch, out, undefine),
  })() as ListMetric;
}

function ofSlate(
  score: (slate: readonly number[]) => unknown,
  o: { cutoff?: number; relevance?: boolean } = {},
) {
  const needs = o.relevance ? ["relevance" as const] : [];
  const factory = defineMetric({ ...FACTS, needs, score: score as () => number });
  return factory(o.cutoff === undefined ? {} : { cutoff: o.cutoff }) as ListMetric;
}

const NONE = {} as never;

Deno.test("a value that a plugin does not give, or takes back, is missing with a reason", () => {
  const metric = ofBatch((_, out, undefine) => {
    out.set([0.5, 0.25, 0.125]);
    undefine(1, "taken back");
    out[2] = NaN;
  });
  const { values, reasons } = scoreList("m", metric, batchOf([[1], [2], [3], [-1]]), NONE);
  assertEquals(values, Float64Array.of(0.5, NaN, NaN, NaN));
  assertEquals([...reasons], [[1, "taken back"], [2, "no value given"], [3, "the slate is empty"]]);
});

Deno.test("an infinite value of a batch is blamed on its slate", () => {
  const metric = ofBatch((_, out) => void out.set([1, -Infinity]));
  const fault = assertThrows(() => scoreList("m@2", metric, batchOf([[1, 2], [3, -1]]), NONE), PluginFault);
  assertEquals([fault.refusal, fault.rows], [{
    place: "metric m@2: context 4 (user 9), slate [3]",
    rule: "must give a finite number or notDefined(reason)",
    value: -Infinity,
    mend: "correct the plugin for this slate, and return notDefined(reason) where it has no value",
  }, [1, 2]]);
});

Deno.test("whatever is no finite number and no reason is a fault", () => {
  for (const bad of ["1", NaN, Infinity, null, undefined, {}, { notDefined: 5 }]) {
    const fault = assertThrows(() => scoreList("m", ofSlate(() => bad), batchOf([[1]]), NONE), PluginFault);
    assertEquals(fault.refusal.value, bad);
  }
  const { values, reasons } = scoreList("m", ofSlate(() => notDefined("why")), batchOf([[1]]), NONE);
  assertEquals([values, [...reasons]], [Float64Array.of(NaN), [[0, "why"]]]);
});

Deno.test("isNotDefined() takes nothing but a reason in words", () => {
  assertEquals([null, undefined, 0, "x", {}, { notDefined: 1 }].map(isNotDefined), new Array(6).fill(false));
  assertEquals(isNotDefined({ notDefined: "" }), true);
});

Deno.test("a slate that is empty up to the cutoff is shown only to a metric that needs relevance", () => {
  const rows = [[-1, 5], [5, -1], [-1, -1]];
  const asked = (metric: ListMetric, batch: MetricBatch) =>
    [...scoreList("m", metric, batch, NONE).values].map((value) => Number.isNaN(value) ? 0 : 1);
  const one = ofSlate(() => 1, { cutoff: 1 });
  assertEquals(asked(ofSlate(() => 1), batchOf(rows)), [1, 1, 0]);
  assertEquals(asked(one, batchOf(rows)), [0, 1, 0]);
  assertEquals(asked(ofSlate(() => 1, { cutoff: 1, relevance: true }), batchOf(rows)), [1, 1, 1]);
  // Two places share the first rank: the second place counts at a cutoff of 1.
  assertEquals(asked(one, batchOf(rows, [[1, 1], [1, 1], [1, 1]])), [1, 1, 0]);
  assertEquals(asked(one, batchOf(rows, [[1, 2], [1, 2], [1, 2]])), [0, 1, 0]);
});

Deno.test("a row is told before the metric is asked about it", () => {
  const told: number[] = [];
  scoreList("m", ofSlate(() => 1), batchOf([[1], [-1], [2]]), NONE, (row) => told.push(row));
  assertEquals(told, [0, 2]);
});

Deno.test("of a batch that throws the first slate that throws alone is blamed, with its own ranks", () => {
  const seen: unknown[] = [];
  const metric = ofBatch((batch) => {
    seen.push([[...batch.items], batch.contextRow.length, batch.ranks && [...batch.ranks]]);
    if (batch.items.includes(7)) throw new RangeError("seven");
  });
  const rows = [[1, 2], [3, 7], [7, 4]];
  const ranks = [[1, 1], [1, 2], [1, 1]];
  for (const batch of [batchOf(rows), batchOf(rows, ranks)]) {
    seen.length = 0;
    const fault = assertThrows(() => scoreList("m", metric, batch, NONE), PluginFault);
    assertEquals(fault.rows, [1, 2]);
    assertEquals([fault.refusal.place, fault.refusal.rule, fault.refusal.value], [
      "metric m: context 4 (user 9), slate [3, 7]",
      "must not throw",
      "RangeError: seven",
    ]);
    const alone = (row: number) => [rows[row], 1, batch.ranks && ranks[row]];
    assertEquals(seen.slice(1), [alone(0), alone(1)]);
  }
});

Deno.test("where only the whole batch throws the batch is blamed", () => {
  const metric = ofBatch(({ contextRow }) => {
    if (contextRow.length > 1) throw "too many";
  });
  const fault = assertThrows(() => scoreList("m", metric, batchOf([[1], [2]]), NONE), PluginFault);
  assertEquals([fault.refusal.place, fault.refusal.value, fault.rows], [
    "metric m: a batch of 2 slates",
    "too many",
    undefined,
  ]);
  assertEquals(placeOf("m", { ...batchOf([[1], [2]]), contexts: [] }, 1), "metric m: a batch of 2 slates");
});
