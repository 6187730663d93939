/** What a host and its child say to each other, with the child's half in this process: no deadline, no permission. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import type { Signals } from "../../src/core/signals.ts";
import { BUILTIN } from "../../src/reward/builtin.ts";
import { defineMetric } from "../../src/reward/define_metric.ts";
import { PluginFault } from "../../src/reward/fault.ts";
import { answerWith } from "../../src/reward/isolate/answer.ts";
import {
  decodePayload,
  encodeFrame,
  type Frame,
  HEADER_BYTES,
  readHeader,
} from "../../src/reward/isolate/frames.ts";
import { metricOf, specOf } from "../../src/reward/isolate/isolated_facts.ts";
import { type Ask, isolatedJudge } from "../../src/reward/isolate/isolated_judge.ts";
import { packContexts, packRows, packSignals } from "../../src/reward/isolate/pack_signals.ts";
import { type Child, ChildFailure } from "../../src/reward/isolate/process.ts";
import { question, startSession } from "../../src/reward/isolate/session.ts";
import { unpackContexts, unpackSignals } from "../../src/reward/isolate/unpack_signals.ts";
import { judgeOf } from "../../src/reward/judge.ts";
import { advance, createPopulationState } from "../../src/reward/marginal.ts";
import type { ListMetric, MetricBatch } from "../../src/reward/metric.ts";
import type { AnyFactory } from "../../src/reward/plugin.ts";
import { smallWorld } from "../contracts/world.ts";

const { contexts, signals } = smallWorld();
const ITEMS = Int32Array.of(3, 1, -1, 5, 7, 2, 0, 2, 4, -1, -1, -1, 8, 9, 10, 11, 6, 5);
const BATCH: MetricBatch = { items: ITEMS, contextRow: Int32Array.of(0, 1, 1, 2, 3, 2), contexts, cutoff: 3 };
const TIED: MetricBatch = { ...BATCH, ranks: Int32Array.from(ITEMS, (_, at) => [1, 1, 3][at % 3]!) };

/** A child of this process: frames go over as bytes, as they do through a pipe. */
function childOf(factory: AnyFactory, heard: string[] = [], watch: (row: number) => void = () => {}): Child {
  const answer = answerWith(factory, watch);
  const carried = (frame: Frame): Frame => {
    const bytes = encodeFrame(new Uint8Array(16), 1, frame);
    return decodePayload(bytes.slice(HEADER_BYTES), readHeader(bytes.subarray(0, HEADER_BYTES)));
  };
  const give = (frame: Frame) => {
    heard.push(String(frame.message.kind));
    return answer(carried(frame));
  };
  return {
    send: (frame) => Promise.resolve(void give(frame)),
    ask: (frame) => Promise.resolve(carried(give(frame)!)),
    end: () => Promise.resolve(),
  };
}

/** A metric whose judge asks such a child. */
async function isolated(
  factory: AnyFactory,
  options = {},
  heard: string[] = [],
  watch?: (row: number) => void,
) {
  const session = startSession(childOf(factory, heard, watch));
  const bound = await session.child.ask(question({ kind: "bind", metric: 4, options }), 1e5);
  const metric = metricOf("plugin p", factory.spec, bound, options);
  const ask: Ask = async (request, batch, signals, { arrays = [], shown = [] }) => {
    const prepared = await session.prepare(batch, signals, metric.needs, shown);
    const asked = { ...request, metric: 4, ...prepared.names } as Parameters<typeof question>[0];
    return await session.child.ask(question(asked, [...prepared.arrays, ...arrays]), 1e5);
  };
  return { metric, judge: isolatedJudge("p@3", metric, ask) };
}

for (const factory of BUILTIN) {
  const { name } = factory.spec;
  Deno.test(`${name} asked by frames says what it says when it is called`, async () => {
    for (const options of [{}, { cutoff: 2 }]) {
      const own = factory(options);
      const { metric, judge } = await isolated(factory, options);
      assertEquals([metric.needs, metric.range, metric.cutoff], [own.needs, own.range, own.cutoff]);
      const here = judgeOf({ spec: "p@3", metric: own, source: { specifier: "p" } });
      for (const batch of [BATCH, TIED, BATCH]) {
        if (own.kind === "list") {
          assertEquals(await judge.scoreList(batch, signals), await here.scoreList(batch, signals));
          continue;
        }
        const terms = [{ metric: { spec: "p", metric: own, source: { specifier: "p" } }, weight: 1 }];
        const empty = createPopulationState(terms, signals, { discount: 0.5 });
        const slates = {
          groupSize: 1,
          cutoff: 3,
          items: ITEMS.slice(0, 12),
          behaviorLogProb: new Float64Array(4),
        };
        const shown = advance(empty, slates, contexts.map(({ contextId }) => contextId));
        for (const state of [empty, shown]) {
          assertEquals(
            await judge.marginalRewards(batch, signals, state),
            await here.marginalRewards(batch, signals, state),
          );
        }
        assertEquals(await judge.populationValue(batch, signals), await here.populationValue(batch, signals));
      }
    }
  });
}

const facts = { summary: "A metric.", range: [0, 1], direction: "maximize", needs: [] } as const;

/** Scores the first item, and does as told on item 7. */
function oddOn7(odd: () => number) {
  return defineMetric({
    ...facts,
    name: "odd",
    kind: "list",
    score: ([item]) => item === 7 ? odd() : item! / 10,
  });
}

Deno.test("signals and contexts travel once, and rows of contexts only to a metric that reads them", async () => {
  const reader = defineMetric({
    ...facts,
    name: "reader",
    kind: "list",
    needs: ["history"],
    score: (_, { contextId }, { history }) => history.of(contextId).length / 10,
  });
  const heard: string[] = [];
  const { judge } = await isolated(reader, {}, heard);
  const two: MetricBatch = { ...BATCH, contexts: contexts.slice(0, 2), contextRow: new Int32Array(6) };
  await judge.scoreList(two, signals);
  await judge.scoreList(BATCH, signals);
  await judge.scoreList(BATCH, signals);
  const [first, more, again] = [["signals", "rows", "contexts", "score"], ["rows", "contexts", "score"], [
    "score",
  ]];
  assertEquals(heard, ["bind", ...first, ...more, ...again]);
  await judge.scoreList(BATCH, { ...signals });
  assertEquals(heard.slice(-3), ["signals", "rows", "score"]);
  const plain: string[] = [];
  await (await isolated(oddOn7(() => 0), {}, plain)).judge.scoreList(BATCH, signals);
  assertEquals(plain, ["bind", "signals", "contexts", "score"]);
});

Deno.test("the watch is told each row before the plugin is asked about it", async () => {
  const rows: number[] = [];
  const { judge } = await isolated(oddOn7(() => 1), {}, [], (row) => rows.push(row));
  await judge.scoreList(BATCH, signals);
  // Row 3 is empty: nobody is asked.
  assertEquals(rows, [0, 1, 2, 4, 5]);
});

for (
  const [what, odd, rule, value] of [
    [
      "throws",
      () => {
        throw new RangeError("seven");
      },
      "must not throw",
      "RangeError: seven",
    ],
    ["gives no number", () => NaN, "must give a finite number or notDefined(reason)", "NaN"],
    [
      "gives nothing",
      () => undefined as never,
      "must give a finite number or notDefined(reason)",
      "undefined",
    ],
    ["gives an object", () => ({ a: [1] }) as never, "must give a finite number or notDefined(reason)", {
      a: [1],
    }],
    [
      "gives what JSON cannot hold",
      () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return circle as never;
      },
      "must give a finite number or notDefined(reason)",
      "an object without JSON",
    ],
  ] as const
) {
  Deno.test(`a plugin that ${what} is blamed for its slate, as in one process`, async () => {
    const { judge } = await isolated(oddOn7(odd));
    const items = Int32Array.of(3, -1, -1, 7, 4, -1);
    const batch = { items, contextRow: Int32Array.of(0, 2), contexts, cutoff: 3 };
    const fault = await assertRejects(() => judge.scoreList(batch, signals), PluginFault);
    assertEquals([fault.refusal.rule, fault.refusal.value, fault.rows], [rule, value, [1, 2]]);
    assertEquals(fault.refusal.place, "metric p@3: context 2 (user 2), slate [7, 4]");
  });
}

Deno.test("an error that is no plugin's ends the child's answer", () => {
  const factory = defineMetric({ ...facts, name: "cut", kind: "list", score: () => 1 });
  const answer = answerWith(factory, () => {
    throw new TypeError("the watch is broken");
  });
  answer(question({ kind: "bind", metric: 0, options: {} }));
  answer(question({ kind: "contexts" }, packContexts(contexts)));
  const { message, arrays } = packSignals(signals, []);
  answer({ message: { kind: "signals", id: 0, content: message }, arrays });
  const asked = question({ kind: "score", metric: 0, signals: 0, cutoff: 3 }, [
    ITEMS,
    BATCH.contextRow,
    Int32Array.of(0, 1, 2, 3),
    new Int32Array(0),
  ]);
  assertThrows(() => answer(asked), TypeError, "the watch is broken");
});

Deno.test("slates without a value have their reasons, many of one reason and one of another", async () => {
  const factory = BUILTIN.find(({ spec }) => spec.name === "recall")!;
  const { judge } = await isolated(factory);
  const { values, reasons } = await judge.scoreList(BATCH, signals);
  assertEquals([...values].map(Number.isNaN), [false, false, false, false, true, false]);
  assertEquals([...reasons.keys()], [4]);
});

Deno.test("signals come out of their frame as they went in, those that are needed and no others", () => {
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
  ] as const;
  const { message, arrays } = packSignals(signals, needs);
  const { signals: got, addRows } = unpackSignals(structuredClone(message) as never, arrays);
  assertEquals([...got.relevance.of(1)], []);
  assertEquals(got.history.of(1), []);
  addRows(packRows(signals, needs, [1, 2]));
  addRows(packRows(signals, needs, [0]));
  for (const contextId of [0, 1, 2]) {
    assertEquals([...got.relevance.of(contextId)], [...signals.relevance.of(contextId)]);
    assertEquals(got.history.of(contextId), signals.history.of(contextId));
  }
  assertEquals(got.popularity, signals.popularity);
  assertEquals(got.categories.names, signals.categories.names);
  assertEquals(got.itemGroups.names, signals.itemGroups.names);
  assertEquals([got.features.dimensions, got.embedding.dimensions], [3, 3]);
  for (let item = 0; item <= 12; item++) {
    const vector = (of: ArrayLike<number> | undefined) => of && Array.from(of);
    assertEquals(got.categories.of(item), [...signals.categories.of(item)]);
    assertEquals(got.itemGroups.of(item), item === 12 ? undefined : signals.itemGroups.of(item));
    if (item === 12) assertEquals(got.features.of(item), undefined);
    else assertEquals(vector(got.features.of(item)), vector(signals.features.of(item)));
    if (item < 12) assertEquals(vector(got.embedding.of(item)), vector(signals.embedding.of(item)));
  }
  assertEquals(got.userGroups, signals.userGroups);
  assertEquals(got.catalogSize, 12);
  const none = packSignals(signals, []);
  assertEquals(Object.keys(unpackSignals(none.message as never, none.arrays).signals), []);
  assert(none.arrays.every(({ length }) => length <= 1), "what is not needed stays here");
  assertEquals(packRows(signals, [], [1, 2]).map(({ length }) => length), [2, 3, 0, 0, 3, 0]);
});

Deno.test("contexts come out of their frame as they went in, with a time or without", () => {
  const given = [
    { contextId: 5, user: 9, history: [3, 1, 3], seen: new Set([1, 3]), requestTime: 77 },
    { contextId: 6, user: 8, history: [], seen: new Set<number>() },
    { contextId: 7, user: 8, history: [2], seen: new Set([2]), requestTime: 0 },
  ];
  const got = unpackContexts(packContexts(given));
  assertEquals(got.map(({ history, seen, ...rest }) => ({ ...rest, history, seen })), given as never);
});

Deno.test("the search for a slate ends with an error that is not the child's", async () => {
  const ask: Ask = (_request, { contextRow }) =>
    Promise.reject(
      contextRow.length === 2 ? new ChildFailure("must answer", "nothing") : new TypeError("broken"),
    );
  const judge = isolatedJudge("p", oddOn7(() => 1)(), ask);
  const batch = { items: Int32Array.of(1, 2), contextRow: Int32Array.of(0, 1), contexts, cutoff: 1 };
  await assertRejects(() => judge.scoreList(batch, signals), TypeError, "broken");
  const alone = { ...batch, items: Int32Array.of(1), contextRow: Int32Array.of(0) };
  await assertRejects(() => judge.scoreList(alone, signals), TypeError, "broken");
});

Deno.test("a child that is lost is blamed on the row that its watch saw, else on the one that a search finds", async () => {
  const lost = (row?: number): Ask => ((_request, { items }) => {
    if (items.includes(7)) return Promise.reject(new ChildFailure("must answer in time", "nothing", row));
    return Promise.resolve({ message: {}, arrays: [new Float64Array(items.length)] });
  });
  const items = Int32Array.of(1, 2, 7, 3);
  const batch = { items, contextRow: Int32Array.of(0, 1, 2, 3), contexts, cutoff: 1 };
  const rowsOf = async (row?: number) => {
    const judge = isolatedJudge("p", oddOn7(() => 1)(), lost(row));
    const { refusal, rows } = await assertRejects(() => judge.scoreList(batch, signals), PluginFault);
    assertEquals([refusal.rule, refusal.value], ["must answer in time", "nothing"]);
    return rows;
  };
  assertEquals([await rowsOf(), await rowsOf(1), await rowsOf(4)], [[2, 3], [1, 2], [2, 3]]);
  const judge = isolatedJudge("p", oddOn7(() => 1)(), lost());
  const together = await assertRejects(() => judge.populationValue(batch, signals), PluginFault);
  assertEquals(together.rows, [0, 4]);
  assertEquals(together.refusal.place, "metric p: a batch of 4 slates");
});

Deno.test("an exposure of another catalog is refused before the child is asked", async () => {
  const coverage = BUILTIN.find(({ spec }) => spec.name === "coverage")!;
  const { judge } = await isolated(coverage);
  const state = createPopulationState([], { catalogSize: 5 }, { discount: 0.5 });
  const { refusal } = await assertRejects(() => judge.marginalRewards(BATCH, signals, state), BladeError);
  assertEquals([refusal.place, refusal.rule, refusal.value], [
    "metric p@3: the saved exposure",
    "must be of a catalog of 12 items",
    5,
  ]);
});

/** What a child says of a plugin. */
function described(spec: Record<string, unknown>, options: unknown[] = []): Frame {
  return {
    message: { spec: { contract: 1, name: "p", kind: "list", ...facts, ...spec }, options },
    arrays: [],
  };
}

Deno.test("what a child says of its plugin is held to the contract", () => {
  const spec = specOf(
    "plugin p",
    described({ formula: "a\u0007b", equals: ["x\ny"], source: "s" }, [
      ["none", null],
      ["count", 3],
      ["flag", true],
      ["word", "w"],
      ["words", ["a", "b"]],
      ["choice", { choices: ["a", "b"] }],
      ["share", { standard: 0.5, least: 0, greatest: 1 }],
      ["open", { least: null, greatest: null }],
    ]),
  );
  assertEquals([spec.formula, spec.equals, spec.source], ["a b", ["x y"], "s"]);
  assertEquals(spec.options, {
    none: undefined,
    count: 3,
    flag: true,
    word: "w",
    words: ["a", "b"],
    choice: { choices: ["a", "b"] },
    share: { standard: 0.5, least: 0, greatest: 1 },
    open: { least: -Infinity, greatest: Infinity },
  });
  const metric = metricOf("plugin p", spec, { message: { needs: [], range: [null, 4] }, arrays: [] }, {
    count: 5,
  });
  assertEquals([metric.range, metric.options.count], [[-Infinity, 4], 5]);
  const call = () => (metric as ListMetric).score!([1], contexts[0]!, {} as Signals, [1]);
  assertThrows(call, BladeError, "runs in a process of its own");
});

for (
  const [what, frame, rule, value] of [
    ["another contract", described({ contract: 2 }), "must follow version 1 of the plugin contract", 2],
    [
      "an unknown kind of option",
      described({}, [["a", {}]]),
      "must declare options that the contract knows",
      {},
    ],
    [
      "a choice of nothing",
      described({}, [["a", { choices: [] }]]),
      "must declare options that the contract knows",
      { choices: [] },
    ],
    [
      "bounds that are none",
      described({}, [["a", { least: "0", greatest: 1 }]]),
      "must declare options that the contract knows",
      { least: "0", greatest: 1 },
    ],
    ["a failure", { message: { failed: { rule: "r\u001b", found: "f\n" } }, arrays: [] }, "r ", "f "],
  ] as const
) {
  Deno.test(`a child that tells of ${what} is refused`, () => {
    const { refusal } = assertThrows(() => specOf("plugin p", frame), BladeError, "plugin p");
    assertEquals([refusal.rule, refusal.value], [rule, value]);
  });
}

Deno.test("a failure is told with its line and its mend, where the child knows them", () => {
  const refusalOf = (failed: Record<string, unknown>) =>
    assertThrows(() => specOf("plugin p", { message: { failed }, arrays: [] }), BladeError).refusal;
  assertEquals(refusalOf({ rule: "r", line: 7, mend: "m\t" }), {
    place: "plugin p:7",
    rule: "r",
    mend: "m ",
  });
  assertEquals(refusalOf({ rule: "r", found: 3 }), {
    place: "plugin p",
    rule: "r",
    value: 3,
    mend: 'correct the module; it may import "blade" and modules of its own folder, and nothing else',
  });
});

Deno.test("a frame whose message is none is no frame", () => {
  for (const message of ["text", null]) {
    const json = new TextEncoder().encode(JSON.stringify({ message, shapes: [] }));
    const header = { token: new Uint8Array(16), sequence: 1, jsonBytes: json.length, bodyBytes: 0 };
    assertThrows(() => decodePayload(json, header), TypeError, "a frame without a message");
  }
});

Deno.test("a child that is asked whether it is ready says so, with nothing else", async () => {
  const child = childOf(oddOn7(() => 1));
  assertEquals(await child.ask(question({ kind: "ready" }), 1e5), { message: {}, arrays: [] });
});
