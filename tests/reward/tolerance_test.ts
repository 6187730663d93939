import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { PluginFault } from "../../src/reward/fault.ts";
import type { Judge } from "../../src/reward/judge.ts";
import { createPopulationState } from "../../src/reward/marginal.ts";
import type { MetricBatch } from "../../src/reward/metric.ts";
import { createRegistry } from "../../src/reward/registry.ts";
import { countLosses, tolerant } from "../../src/reward/tolerance.ts";
import { strangerFile, strangerText } from "../isolate/_strangers.ts";

const faultOf = (rows?: readonly [number, number], rule = "must not throw") =>
  new PluginFault({ place: "metric p: a slate", rule, value: "Error: 7", mend: "mend it" }, rows);

/** One item a slate. */
function batchOf(...items: readonly number[]): MetricBatch {
  return { items: Int32Array.from(items), contextRow: new Int32Array(items.length), contexts: [], cutoff: 1 };
}

/** Fails on items from 7 on; says of which row, or leaves that to be found. Item 5 has no value. */
function judgeOfSevens(tellsRow: boolean, asked: number[][] = []): Judge {
  const scores = ({ items }: MetricBatch) => {
    asked.push([...items]);
    const row = items.findIndex((item) => item >= 7);
    if (row >= 0) return Promise.reject(faultOf(tellsRow ? [row, row + 1] : undefined));
    const none = items.indexOf(5);
    return Promise.resolve({
      values: Float64Array.from(items, (item) => item === 5 ? NaN : item),
      reasons: new Map(none < 0 ? [] : [[none, "five"]]),
    });
  };
  return {
    scoreList: scores,
    marginalRewards: scores,
    populationValue: ({ items }) =>
      items.includes(7) ? Promise.reject(faultOf()) : Promise.resolve(items.length),
  };
}

for (const tellsRow of [true, false]) {
  const who = tellsRow ? "that the plugin's fault names" : "that are found by halves";
  Deno.test(`slates ${who} have no value, all others have theirs`, async () => {
    const losses = countLosses(9);
    const judge = tolerant("p@1", judgeOfSevens(tellsRow), losses);
    const state = createPopulationState([], { catalogSize: 9 }, { discount: 1 });
    for (const kind of ["scoreList", "marginalRewards"] as const) {
      const { values, reasons } = await judge[kind](batchOf(1, 7, 2, 5, 8, 3), {} as never, state);
      assertEquals(values, Float64Array.of(1, NaN, 2, NaN, NaN, 3));
      const failed = "the plugin failed: must not throw";
      assertEquals([...reasons].sort(([a], [b]) => a - b), [[1, failed], [3, "five"], [4, failed]]);
    }
    assertEquals(losses.sentences(), [
      "metric p@1: 4 slates without a value, because the plugin failed: must not throw",
    ]);
  });
}

Deno.test("the halves of a batch are asked until the slate is alone, and a slate alone is asked once", async () => {
  const asked: number[][] = [];
  const { values } = await tolerant("p", judgeOfSevens(false, asked), countLosses(1)).scoreList(
    batchOf(1, 2, 7, 3, 4),
    {} as never,
  );
  assertEquals(values, Float64Array.of(1, 2, NaN, 3, 4));
  assertEquals(asked, [[1, 2, 7, 3, 4], [1, 2], [7, 3, 4], [7], [3, 4]]);
});

Deno.test("an error that is no plugin's is no loss", async () => {
  const broken = () => Promise.reject(new TypeError("broken"));
  const losses = countLosses(9);
  const judge = tolerant(
    "p",
    { scoreList: broken, marginalRewards: broken, populationValue: broken },
    losses,
  );
  await assertRejects(() => judge.scoreList(batchOf(1, 2), {} as never), TypeError, "broken");
  await assertRejects(() => judge.populationValue(batchOf(1, 2), {} as never), TypeError, "broken");
  assertEquals(losses.sentences(), []);
});

Deno.test("a value of many slates that is lost costs all of them", async () => {
  const losses = countLosses(9);
  const judge = tolerant("p", judgeOfSevens(true), losses);
  assertEquals(await judge.populationValue(batchOf(1, 2), {} as never), 2);
  assertEquals(await judge.populationValue(batchOf(1, 7, 2), {} as never), {
    notDefined: "the plugin failed: must not throw",
  });
  assertEquals(losses.sentences(), [
    "metric p: 3 slates without a value, because the plugin failed: must not throw",
  ]);
});

Deno.test("losses are counted by metric and rule, one slate as one, and end at the limit", () => {
  const losses = countLosses(4);
  losses.add("a", 1, faultOf());
  losses.add("a", 2, faultOf(undefined, "must answer in time"));
  losses.add("b", 1, faultOf());
  assertEquals(losses.sentences(), [
    "metric a: 1 slate without a value, because the plugin failed: must not throw",
    "metric a: 2 slates without a value, because the plugin failed: must answer in time",
    "metric b: 1 slate without a value, because the plugin failed: must not throw",
  ]);
  const { refusal } = assertThrows(() => losses.add("a", 1, faultOf()), BladeError);
  assertEquals(refusal, {
    place: "metric p: a slate",
    rule: "must not fail on more slates than reward.onErrorLimit (4); this time: must not throw",
    value: "Error: 7",
    mend: "correct the plugin, or raise reward.onErrorLimit",
  });
});

Deno.test("a registry goes on without the slates that a plugin fails on only where it is told to", async () => {
  await using stranger = await strangerFile(strangerText("return NaN;"));
  const context = { contextId: 0, user: 0, history: [], seen: new Set<number>() };
  const batch = { ...batchOf(3, 7), contexts: [context] };
  await using going = await createRegistry([stranger.path], { isolate: "never", onError: "undefined" });
  const { judge } = await going.load("stranger");
  assertEquals((await judge!.scoreList(batch, {} as never)).values, Float64Array.of(0.03, NaN));
  assertEquals(going.losses().length, 1);
  await using stopping = await createRegistry([stranger.path], { isolate: "never" });
  assertEquals((await stopping.load("stranger")).judge, undefined);
  assertEquals(stopping.losses(), []);
});
