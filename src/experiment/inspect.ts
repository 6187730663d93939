import type { Materials } from "../config/materials.ts";
import type { BladeConfig } from "../config/schema.ts";
import { BladeError } from "../core/errors.ts";
import type { PluginFact } from "../report/manifest.ts";
import { codeVersion } from "./code_version.ts";
import type { Cell, Experiment } from "./plan.ts";
import { type SharedStage, sharedStagesOf, stageKey } from "./stage_keys.ts";

/** What is known of a cell before it runs. */
export interface CellFacts {
  /** The shared stages that it goes through, in order, each with the name that its outcome is shared under. */
  readonly stages: readonly { readonly stage: SharedStage; readonly key: string }[];
  /** ms by stage, a guess. */
  readonly estimate: Readonly<Record<string, number>>;
}

/**
 * Reads the data and loads the metrics of every cell, each combination once, and refuses what would fail later.
 *
 * @throws {BladeError} naming the arm and the data set
 */
export async function inspectCells({ cells }: Experiment): Promise<ReadonlyMap<Cell, CellFacts>> {
  const [{ prepareMaterials }, { estimateOf }, version] = await Promise.all([
    import("../config/materials.ts"),
    import("../config/plan_run.ts"),
    codeVersion(),
  ]);
  const found = new Map<Cell, CellFacts>();
  for (const alike of Map.groupBy(cells, ({ config }) => materialsKey(config)).values()) {
    const { arm, data, config } = alike[0]!;
    const materials = await prepareMaterials(config).catch((error) => {
      if (!(error instanceof BladeError)) throw error;
      const place = `arm "${arm}", data "${data}": ${error.refusal.place}`;
      throw new BladeError({ ...error.refusal, place });
    });
    await using _plugins = materials.registry;
    const facts = { data: materials.dataset.files, plugins: pluginsOf(materials), version };
    for (const cell of alike) {
      found.set(cell, {
        stages: sharedStagesOf(cell.config).map((stage) => ({
          stage,
          key: stageKey(stage, cell.config, facts),
        })),
        estimate: estimateOf(cell.config, materials),
      });
    }
  }
  return found;
}

/** Configurations that agree in this have the same materials. */
function materialsKey({ data, reward, evaluate, plugins, align }: BladeConfig): string {
  const { contexts, horizon, gain, cutoff } = align;
  return JSON.stringify([data, reward, evaluate.metrics, plugins, contexts, horizon, gain, cutoff]);
}

function pluginsOf({ terms, metrics }: Materials): PluginFact[] {
  const sources = [...terms.map(({ metric }) => metric), ...metrics].map(({ source }) => source);
  return sources.flatMap(({ specifier, sha256 }) =>
    sha256 === undefined ? [] : [{ spec: specifier, sha256 }]
  );
}
