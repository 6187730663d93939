import { defineMetric, type ListSpec, notDefined, type PopulationSpec, type Slate } from "blade";
import { assertRejects } from "@std/assert";
import type { Metric } from "../../src/reward/metric.ts";
import { checkMetricContract } from "./metric_contract.ts";

type Spec = ListSpec<"popularity", Record<never, never>>;

/** Share of the places up to the last item that hold an item with an even number. */
const sound: Spec = {
  name: "evenness",
  summary: "Share of items with an even number.",
  kind: "list",
  range: [0, 1],
  direction: "maximize",
  needs: ["popularity"],
  score(slate) {
    const items = slate.filter((item) => item >= 0);
    return items.includes(11)
      ? notDefined("eleven")
      : items.filter((item) => item % 2 === 0).length / items.length;
  },
};

const score = sound.score!;

async function check(change: Partial<Spec>): Promise<void> {
  const factory = defineMetric({ ...sound, ...change, score: change.score ?? score });
  const load = (metric: Metric) => ({ spec: "evenness", metric, source: { specifier: "test" } });
  await checkMetricContract(load(factory()), {
    better: [[2, 4], [1, 4]],
    undefinedFor: [11],
    at: (cutoff) => Promise.resolve(load(factory({ cutoff }))),
  });
}

Deno.test("the contract suite lets a sound metric pass", async () => {
  await check({});
});

/** By the check that must notice: a metric broken in that one way. */
const BREACHES: Readonly<Record<string, Partial<Spec>>> = {
  "range: 0.6 for context": { range: [0, 0.5] },
  "purity: asked twice": { score: onceMore() },
  "purity: it writes to what it is handed: signals": {
    score(slate, context, signals, options, ranks) {
      signals.popularity.counts[0] = -1;
      return score(slate, context, signals, options, ranks);
    },
  },
  "every slate has the same value": { score: () => 1 },
  direction: { direction: "minimize" },
  "ties: of two items": { score: (slate) => slate[0]! >= 0 ? slate[0]! / 12 : 0 },
  undefined: {
    score(slate) {
      const items = slate.filter((item) => item >= 0);
      return items.filter((item) => item % 2 === 0).length / items.length;
    },
  },
  "rows: context": {
    scoreBatch(batch, _signals, _options, out) {
      out.forEach((_, row) => out[row] = row / batch.contextRow.length);
    },
  },
  "forms: for context": { scoreBatch: (_batch, _signals, _options, out) => void out.fill(0.25) },
};

/** A score that grows with every call. */
function onceMore(): () => number {
  let calls = 0;
  return () => 1 - 1 / ++calls;
}

for (const [breach, change] of Object.entries(BREACHES)) {
  Deno.test(`the contract suite notices a breach: ${breach}`, async () => {
    await assertRejects(() => check(change), Error, breach);
  });
}

type Population = PopulationSpec<"catalogSize", Record<never, never>, Counted>;

interface Counted {
  even: number;
  all: number;
}

function count(state: Counted, slate: Slate, weight: number): void {
  const items = slate.filter((item) => item >= 0);
  state.all += weight * items.length;
  state.even += weight * items.filter((item) => item % 2 === 0).length;
}

/** Share of the items shown that have an even number. */
const soundPopulation: Population = {
  name: "evenness-of-all",
  summary: "Share of items with an even number.",
  kind: "population",
  range: [0, 1],
  direction: "maximize",
  needs: ["catalogSize"],
  create: () => ({ even: 0, all: 0 }),
  add: (state, slate, weight) => count(state, slate, weight),
  remove: (state, slate, weight) => count(state, slate, -weight),
  value: ({ even, all }) => all > 1e-9 ? even / all : notDefined("nothing is shown"),
};

async function checkPopulation(change: Partial<Population>): Promise<void> {
  const factory = defineMetric({ ...soundPopulation, ...change });
  const load = (metric: Metric) => ({ spec: "evenness-of-all", metric, source: { specifier: "test" } });
  await checkMetricContract(load(factory()), {
    better: [[2, 4], [1, 4]],
    undefinedFor: [-1],
    at: (cutoff) => Promise.resolve(load(factory({ cutoff }))),
  });
}

Deno.test("the contract suite lets a sound metric of many slates pass", async () => {
  await checkPopulation({});
});

const { add, value } = soundPopulation;

/** By the check that must notice: a metric of many slates broken in that one way. */
const POPULATION_BREACHES: Readonly<Record<string, Partial<Population>>> = {
  "range: ": { range: [0, 0.1] },
  "purity: the same slates give": { value: onceMore() },
  "rows: ": {
    add(state, slate, weight, ...rest) {
      state.even *= 0.9;
      add(state, slate, weight, ...rest);
    },
  },
  "weights: ": {
    add: (state, slate) => count(state, slate, 1),
    remove: (state, slate) => count(state, slate, -1),
    value: ({ even }) => 1 - 1 / (1 + even),
  },
  "slates are added and removed": {
    value: (state) =>
      Math.abs(state.all) > 0 ? Math.min(1, Math.max(0, state.even / state.all)) : value(state),
  },
  "remove: ": { remove: () => {} },
  "ties: of two items": {
    add: (state, slate, weight) => count(state, slate.slice(0, 1), weight),
    remove: (state, slate, weight) => count(state, slate.slice(0, 1), -weight),
  },
  direction: { direction: "minimize" },
  undefined: { value: ({ even, all }) => all > 1e-9 ? even / all : 0 },
};

for (const [breach, change] of Object.entries(POPULATION_BREACHES)) {
  Deno.test(`the contract suite notices a breach by a metric of many slates: ${breach}`, async () => {
    await assertRejects(() => checkPopulation(change), Error, breach);
  });
}
