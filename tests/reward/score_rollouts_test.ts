import { defineMetric, type ListMetric, type MetricFactory, notDefined } from "blade";
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Context } from "../../src/core/context.ts";
import { BladeError } from "../../src/core/errors.ts";
import type { Signals } from "../../src/core/signals.ts";
import type { Slates } from "../../src/core/slates.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { scoreRollouts } from "../../src/reward/score_rollouts.ts";
import { smallWorld } from "../contracts/world.ts";

const { contexts: all, signals } = smallWorld();

function slatesOf(groupSize: number, ...rows: readonly (readonly number[])[]): Slates {
  return {
    groupSize,
    cutoff: rows[0]!.length,
    items: Int32Array.from(rows.flat()),
    behaviorLogProb: new Float64Array(rows.length),
  };
}

/** A metric of one slate, given as a function of its items. */
function metricOf(
  score: (slate: readonly number[], context: Context) => unknown,
  direction: "maximize" | "minimize" = "maximize",
) {
  const factory = defineMetric({
    name: "mine",
    summary: "Whatever the test says.",
    kind: "list",
    range: [-Infinity, Infinity],
    direction,
    needs: [],
    score: score as () => number,
  }) as MetricFactory<Record<never, never>, ListMetric>;
  return { spec: "mine@2", metric: factory(), source: { specifier: "test" } };
}

Deno.test("the reward is the weighted sum of raw values, what is to be minimized turned round", async () => {
  const terms = [
    { metric: await loadMetric("recall@2"), weight: 0.7 },
    { metric: await loadMetric("popularity@2"), weight: 0.01 },
  ];
  // Context 1: relevant are 1, 5, 7. Counts: item 1 30, item 5 6, item 3 10, item 4 8.
  const { values, reward, defined } = await scoreRollouts(
    slatesOf(2, [1, 5], [3, 4]),
    [all[1]!],
    terms,
    signals,
  );
  assertEquals(values, [Float64Array.of(2 / 3, 0), Float64Array.of(18, 9)]);
  assertAlmostEquals(reward[0]!, 0.7 * 2 / 3 - 0.18, 1e-12);
  assertEquals(reward[1], -0.09);
  assertEquals([...defined], [1, 1]);
});

Deno.test("rewards that differ by rounding alone are equal", async () => {
  const noise = metricOf((slate) => slate[0] === 0 ? 0.1 + 0.2 : 0.3);
  const { reward } = await scoreRollouts(
    slatesOf(2, [0], [1]),
    [all[0]!],
    [{ metric: noise, weight: 1 }],
    signals,
  );
  assertEquals([...reward], [0.3, 0.3]);
});

Deno.test("a slate that one term cannot value has no reward, and is counted by spec and reason", async () => {
  const terms = [
    { metric: await loadMetric("recall@2"), weight: 1 },
    { metric: metricOf((slate) => slate.includes(4) ? notDefined("four") : 0), weight: 1 },
  ];
  const { reward, defined, undefinedReasons } = await scoreRollouts(
    slatesOf(2, [1, 5], [1, 4], [0, 1], [4, 0]),
    [all[1]!, all[3]!],
    terms,
    signals,
  );
  assertEquals([...defined], [1, 0, 0, 0]);
  assertEquals([...reward], [0.666666666667, NaN, NaN, NaN]);
  assertEquals(
    undefinedReasons,
    new Map([["recall@2: no relevant item", 2], ["mine@2: four", 2]]),
  );
});

Deno.test("each slate is judged by its own context", async () => {
  const metric = metricOf((_slate, { contextId }) => contextId);
  const { reward } = await scoreRollouts(slatesOf(2, [0], [1], [2], [3]), [all[2]!, all[1]!], [{
    metric,
    weight: 1,
  }], signals);
  assertEquals([...reward], [2, 2, 1, 1]);
});

const FAULTS: Readonly<Record<string, readonly [value: () => unknown, what: string]>> = {
  "throws": [() => {
    throw new RangeError("no such item");
  }, 'must not throw, got "RangeError: no such item"'],
  "returns NaN": [() => NaN, "must give a finite number or notDefined(reason), got NaN"],
  "returns Infinity": [() => -Infinity, "got -Infinity"],
  "returns a text": [() => "0.5", 'got "0.5"'],
  "returns nothing": [() => undefined, "got undefined"],
};

for (const [fault, [value, what]] of Object.entries(FAULTS)) {
  Deno.test(`a plugin that ${fault} is named with context, slate and value`, async () => {
    const metric = metricOf((slate) => slate[0] === 7 ? value() : 1);
    const score = () =>
      scoreRollouts(slatesOf(2, [0, 1], [7, 3]), [all[1]!], [{ metric, weight: 1 }], signals);
    const error = await assertRejects(score, BladeError);
    for (const part of ["mine@2", "context 1", "user 1", "[7, 3]", what]) {
      assert(error.message.includes(part), `${part} is not in: ${error.message}`);
    }
  });
}

Deno.test("a plugin that throws over a batch is blamed for the slate that makes it throw", async () => {
  const factory = defineMetric({
    name: "batch",
    summary: "Throws at item 9.",
    kind: "list",
    range: [0, 1],
    direction: "maximize",
    needs: [],
    scoreBatch({ items }, _signals, _options, out) {
      if (items.includes(9)) throw new Error("nine");
      out.fill(1);
    },
  });
  const metric = { spec: "batch", metric: factory(), source: { specifier: "test" } };
  const score = () =>
    scoreRollouts(slatesOf(1, [0, 1], [2, 9]), all.slice(0, 2), [{ metric, weight: 1 }], signals);
  const error = await assertRejects(score, BladeError, "[2, 9]");
  assert(error.message.includes("Error: nine"), error.message);
});

Deno.test("a plugin that writes into a batch does not change the rollouts", async () => {
  const factory = defineMetric({
    name: "vandal",
    summary: "Writes where it should read.",
    kind: "list",
    range: [0, 1],
    direction: "maximize",
    needs: [],
    scoreBatch({ items, contextRow }, _signals, _options, out) {
      items.fill(0);
      contextRow.fill(0);
      out.fill(1);
    },
  });
  const slates = slatesOf(1, [3, 4], [5, 6]);
  const metric = { spec: "vandal", metric: factory(), source: { specifier: "test" } };
  await scoreRollouts(slates, all.slice(0, 2), [{ metric, weight: 1 }], signals);
  assertEquals([...slates.items], [3, 4, 5, 6]);
});

Deno.test("a metric is given the signals that it declares and no other", async () => {
  let seen: string[] = [];
  const factory = defineMetric({
    name: "curious",
    summary: "Looks at what there is.",
    kind: "list",
    range: [0, 1],
    direction: "maximize",
    needs: ["popularity"],
    score(_slate, _context, given) {
      // @ts-expect-error: a signal that is not declared does not compile.
      assertEquals(given.relevance, undefined);
      seen = Object.keys(given);
      return 1;
    },
  });
  const metric = { spec: "curious", metric: factory(), source: { specifier: "test" } };
  await scoreRollouts(slatesOf(1, [0]), [all[0]!], [{ metric, weight: 1 }], signals satisfies Signals);
  assertEquals(seen, ["popularity"]);
});

Deno.test("a need, an option or a choice that does not exist does not compile", () => {
  const typed = defineMetric({
    name: "typed",
    summary: "For the compiler.",
    kind: "list",
    options: { depth: 3 },
    range: [0, 1],
    direction: "maximize",
    needs: [],
    // @ts-expect-error: no option has this name.
    score: (_slate, _context, _signals, { width }) => width ?? 0,
  });
  // @ts-expect-error: a number is expected.
  assertThrows(() => typed({ depth: "deep" }), BladeError, "finite number");
  assertEquals(typed({ depth: 2 }).options.depth, 2);
});
