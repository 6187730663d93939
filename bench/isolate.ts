import { judgeOf } from "../src/reward/judge.ts";
import type { MetricBatch } from "../src/reward/metric.ts";
import { createRegistry } from "../src/reward/registry.ts";
import type { Bench } from "./figure.ts";
import { medianMs } from "./figure.ts";

/** A step of training: lists of 10 for contexts that the process has met. */
const [LISTS, CUTOFF, ITEMS, GROUP] = [4096, 10, 4000, 4];

/** What a process of its own costs a plugin: for a batch of 4096 lists of 10, and to start. */
export const isolate: Bench = async () => {
  const path = new URL("../plugins/recall.ts", import.meta.url).href;
  const spec = `${path}@10`;
  await using here = await createRegistry([], { isolate: "never" });
  await using there = await createRegistry([], { isolate: "always" });
  const [own, isolated] = [judgeOf(await here.load(spec)), judgeOf(await there.load(spec))];
  const batch = batchOf();
  const gains = batch.contexts.map((_, row) => new Map([[(17 * row) % ITEMS, 1]]));
  const signals = {
    relevance: { of: (contextId: number) => gains[contextId]! },
    catalogSize: ITEMS,
  } as never;
  const start = async () => {
    await using fresh = await createRegistry([], { isolate: "always" });
    await fresh.load(spec);
  };
  const ms = await medianMs({
    here: () => own.scoreList(batch, signals),
    there: () => isolated.scoreList(batch, signals),
  }, { repeats: 101, warmUps: 30 });
  const { started, bare } = await medianMs({ started: start, bare: startDeno });
  return {
    "isolate/batch": {
      ms: ms.there,
      ratio: ms.here / ms.there,
      bound: "the same plugin in this process",
      moreMs: ms.there - ms.here,
    },
    "isolate/start": {
      ms: started,
      ratio: bare / started,
      bound: "a deno that evaluates nothing",
    },
  };
};

async function startDeno(): Promise<void> {
  await new Deno.Command(Deno.execPath(), { args: ["eval", "--no-config", "0"] }).output();
}

function batchOf(): MetricBatch {
  return {
    items: Int32Array.from({ length: LISTS * CUTOFF }, (_, at) => (at * 7919) % ITEMS),
    contextRow: Int32Array.from({ length: LISTS }, (_, row) => Math.floor(row / GROUP)),
    contexts: Array.from({ length: LISTS / GROUP }, (_, contextId) => ({
      contextId,
      user: contextId,
      history: [1, 2, 3],
      seen: new Set([1, 2, 3]),
    })),
    cutoff: CUTOFF,
  };
}
