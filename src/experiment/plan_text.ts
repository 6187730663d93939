import { duration } from "../report/duration.ts";
import type { CellFacts } from "./inspect.ts";
import type { Cell, Experiment } from "./plan.ts";

/** What an experiment would do. */
export interface ExperimentPlan {
  readonly name: string;
  readonly arms: readonly string[];
  readonly data: readonly string[];
  readonly seeds: readonly number[];
  readonly baseline: string;
  /** Runs in all. */
  readonly cells: number;
  /** How often each shared stage is computed. */
  readonly stages: Readonly<Record<string, number>>;
  /** s in all; with halving at most. A guess for wasm on two free cores. */
  readonly estimateSeconds: number;
}

/** How much faster a run is with two threads (docs/performance.md): two runs of one thread each lose nothing to that. */
const TWO_THREADS = 1.63;

/** What an experiment would do, stages that runs share counted once. */
export function planOf(plan: Experiment, facts: ReadonlyMap<Cell, CellFacts>): ExperimentPlan {
  const known = new Set<string>();
  const stages: Record<string, number> = {};
  let ms = 0;
  for (const cell of plan.cells) {
    const { stages: shared, estimate } = facts.get(cell)!;
    const share = plan.parallel > 1 && cell.config.threads === 1 ? TWO_THREADS / 2 : 1;
    for (const [stage, time] of Object.entries(estimate)) {
      const key = shared.find((entry) => entry.stage === stage)?.key;
      if (key !== undefined && known.has(key)) continue;
      if (key !== undefined) {
        known.add(key);
        stages[stage] = (stages[stage] ?? 0) + 1;
      }
      ms += share * time;
    }
  }
  const { name, arms, data, seeds, baseline, cells } = plan;
  return { name, arms, data, seeds, baseline, cells: cells.length, stages, estimateSeconds: ms / 1000 };
}

/** The same in words. */
export function planText(o: ExperimentPlan): string {
  const stages = Object.entries(o.stages).map(([stage, times]) => `${stage} ${times} times`).join(", ");
  const arms = o.arms.map((arm) => `  ${arm}${arm === o.baseline ? " (baseline)" : ""}\n`).join("");
  return `${o.cells} runs: ${o.arms.length} arms × ${o.data.length} data sets (${
    o.data.join(", ")
  }) × ${o.seeds.length} seeds (${o.seeds.join(", ")})
${arms}Shared: ${stages}
Estimate: about ${
    duration(1000 * o.estimateSeconds)
  } (wasm on two free cores; sft may stop early, a GPU is faster)
`;
}
