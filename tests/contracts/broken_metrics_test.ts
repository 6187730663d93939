import { defineMetric, type ListSpec, notDefined } from "blade";
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
  range: { range: [0, 0.5] },
  "purity: a second call": { score: onceMore() },
  "purity: the signals": {
    score(slate, context, signals, options, ranks) {
      signals.popularity.counts[0] = -1;
      return score(slate, context, signals, options, ranks);
    },
  },
  "every slate has the same value": { score: () => 1 },
  direction: { direction: "minimize" },
  "ties: the order": { score: (slate) => slate[0]! >= 0 ? slate[0]! / 12 : 0 },
  undefined: {
    score(slate) {
      const items = slate.filter((item) => item >= 0);
      return items.filter((item) => item % 2 === 0).length / items.length;
    },
  },
  "score and scoreBatch differ": {
    scoreBatch(batch, _signals, _options, out) {
      out.forEach((_, row) => out[row] = row / batch.contextRow.length);
    },
  },
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
