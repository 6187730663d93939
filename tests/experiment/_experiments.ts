/** Experiments on the small data set of whole runs. */
import { type Experiment, planExperiment } from "../../src/experiment/plan.ts";
import type { Cell } from "../../src/experiment/plan.ts";
import type { CellFacts } from "../../src/experiment/inspect.ts";
import { smallConfig } from "../ci/small_run.ts";

/** Two arms that share the reference and the prior, and a third that trains for itself; every part may be changed. */
export function smallExperiment(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    base: {
      ...smallConfig(),
      evaluate: { metrics: ["ndcg@3", "coverage@3"], systems: SYSTEMS, resamples: 100 },
    },
    seeds: [1],
    arms: [
      { name: "blade" },
      { name: "backward", set: { "align.objective": "backward" } },
      { name: "sft", set: { "align.method": "sft", "align.contexts": "seen" } },
    ],
    ...change,
  };
}

const SYSTEMS = ["reference", "sft-continued", "best-of-n", "aligned"];

/** The plan of an experiment whose file would lie in a folder. */
export async function planIn(folder: string, file: unknown): Promise<Experiment> {
  return await planExperiment(JSON.stringify(file), `${folder}/small.jsonc`);
}

/** Facts of cells that share nothing and take no time. */
export function noFacts({ cells }: Experiment): Map<Cell, CellFacts> {
  return new Map(cells.map((cell) => [cell, { stages: [], estimate: {} }]));
}
