import { assert, assertEquals } from "@std/assert";
import type { Slates } from "../../src/core/slates.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { BUILTIN } from "../../src/reward/builtin.ts";
import { judgeOf } from "../../src/reward/judge.ts";
import { advance, createPopulationState } from "../../src/reward/marginal.ts";
import type { MetricBatch } from "../../src/reward/metric.ts";
import { createRegistry, type LoadedMetric } from "../../src/reward/registry.ts";
import { ITEMS, smallWorld } from "../contracts/world.ts";
import { childrenWith } from "./_strangers.ts";

/** Tells the processes of this file from those of others. */
const MEMORY_MIB = 195;

const { contexts, signals } = smallWorld();

/** Specs beside each plugin's own: what reads other signals, or goes by context. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  "ild": ["@3?by=features&distance=cosine", "?by=embedding&distance=hamming"],
  "mgu": ["@2?categories=a|b"],
  "user-gap": ["@3?metric=ild", "?metric=novelty"],
  "calibration": ["?per=context"],
  "exposure": ["@2?group=old&as=ratio"],
  "recall": ["?threshold=2"],
};

/** Slates of four places with gaps, short and empty ones among them, for every context. */
function slatesOf(step: number): Slates {
  const groupSize = 6;
  const cutoff = 4;
  const items = Int32Array.from({ length: contexts.length * groupSize * cutoff }, (_, at) => {
    const item = Math.floor(randomKey(5).split("slate", step).uniform(at) * (ITEMS + 3));
    return item < ITEMS && at % 29 > 3 ? item : -1;
  });
  return { groupSize, cutoff, items, behaviorLogProb: new Float64Array(contexts.length * groupSize) };
}

function batchOf(slates: Slates): MetricBatch {
  const rows = contexts.length * slates.groupSize;
  return {
    items: slates.items,
    contextRow: Int32Array.from({ length: rows }, (_, row) => Math.floor(row / slates.groupSize)),
    contexts,
    cutoff: slates.cutoff,
  };
}

const BATCH = batchOf(slatesOf(0));
const TIED: MetricBatch = { ...BATCH, ranks: Int32Array.from(BATCH.items, (_, at) => [1, 1, 3, 4][at % 4]!) };

/** Everything that a metric is asked in a run. */
async function answersOf(metric: LoadedMetric): Promise<unknown[]> {
  const judge = judgeOf(metric);
  if (metric.metric.kind === "list") {
    const again = await judge.scoreList(BATCH, signals);
    return [await judge.scoreList(BATCH, signals), again, await judge.scoreList(TIED, signals)];
  }
  const terms = [{ metric, weight: 1 }];
  const ids = contexts.map(({ contextId }) => contextId);
  const empty = createPopulationState(terms, signals, { discount: 0.9 });
  const shown = advance(advance(empty, slatesOf(1), ids), slatesOf(2), ids);
  return [
    await judge.populationValue(BATCH, signals),
    await judge.populationValue(TIED, signals),
    await judge.marginalRewards(BATCH, signals, empty),
    await judge.marginalRewards(BATCH, signals, shown),
  ];
}

for (const { spec: { name } } of BUILTIN) {
  Deno.test(`${name} gives the same in a process of its own, to the bit`, async () => {
    const path = `./plugins/${name}.ts`;
    const specs = ["", "@2", ...MORE[name] ?? []].map((rest) => path + rest);
    {
      await using here = await createRegistry([], { isolate: "never" });
      await using there = await createRegistry([], { isolate: "always", memoryMiB: MEMORY_MIB });
      for (const spec of specs) {
        const [own, isolated] = [await here.load(spec), await there.load(spec)];
        assertEquals(own.judge, undefined);
        assert(isolated.judge !== undefined);
        const facts = (
          { metric: { name, summary, range, direction, needs, options, cutoff } }: LoadedMetric,
        ) => ({
          ...{ name, summary, range, direction, needs, options, cutoff },
        });
        assertEquals(facts(isolated), facts(own));
        assertEquals(isolated.source, own.source);
        assertEquals(await answersOf(isolated), await answersOf(own));
      }
      assertEquals((await childrenWith(MEMORY_MIB)).length, 1, "several metrics of a plugin share a process");
      const { source: _, ...described } = await there.describe(path);
      const { source: __, ...own } = await here.describe(path);
      assertEquals(described, own);
    }
    assertEquals(await childrenWith(MEMORY_MIB), []);
  });
}
