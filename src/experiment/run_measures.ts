import { join } from "@std/path";
import { readCheckedRun } from "../config/checked_run.ts";
import type { BladeConfig } from "../config/schema.ts";
import { idCell } from "../data/cells.ts";
import { readTable, requiredColumn } from "../data/read_table.ts";
import { bestOf } from "../core/best_of.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { type Course, readCourse } from "./run_facts.ts";
import { numbersUnder, tensorShapes } from "./tensor_shapes.ts";

/** What a finished run says of one of its systems. */
export interface SystemMeasures {
  readonly system: string;
  /** Values by user and metric; null where the metric has none. */
  readonly perUser: ReadonlyMap<string, ReadonlyMap<string, number | null>>;
  /** The one value of metrics of all lists together. */
  readonly whole: ReadonlyMap<string, number | null>;
  /** Slates drawn for it from the start of its own training, or to choose its lists; null where it draws none. */
  readonly rollouts: number | null;
  /** s of training that are its own; null where it has none. */
  readonly seconds: number | null;
  /** Numbers that its training changed. */
  readonly parametersUpdated: number;
}

/** A finished run. */
export interface RunMeasures {
  readonly config: BladeConfig;
  readonly course: Course;
  /** By name of the system, in the order of the run. */
  readonly systems: ReadonlyMap<string, SystemMeasures>;
}

/** The stage that trains a system, and what it needs before that beside the reference. */
const STAGES_OF: Readonly<Record<string, { readonly stage: string; readonly before: readonly string[] }>> = {
  reference: { stage: "sft", before: [] },
  "sft-continued": { stage: "sft-continued", before: [] },
  aligned: { stage: "align", before: ["prior"] },
};

/** Reads what a finished run found, and what it cost. */
export async function readRunMeasures(folder: string): Promise<RunMeasures> {
  const { config, results } = await readCheckedRun(folder);
  const [course, values] = await Promise.all([
    readCourse(folder),
    readPerUser(join(folder, RUN_FILES.perUser)),
  ]);
  const shapesOf = (stage: string) =>
    tensorShapes(join(folder, RUN_FILES.checkpoints, `${stage}.safetensors`));
  const prior = await shapesOf("prior");
  const systems = new Map<string, SystemMeasures>();
  const test = results.filter(({ split }) => split === "test");
  for (const [system, ofSystem] of Map.groupBy(test, (result) => result.system)) {
    const perUser = values.get(system) ?? new Map();
    const own = Object.hasOwn(STAGES_OF, system) ? STAGES_OF[system] : undefined;
    const shapes = own === undefined ? null : await shapesOf(own.stage);
    const stages = own === undefined ? [] : [...own.before, own.stage];
    const oracle = bestOf(system, config.target.n);
    const users = Math.max(...ofSystem.map(({ contexts, undefined: without }) => contexts + without));
    systems.set(system, {
      system,
      perUser,
      whole: new Map(
        ofSystem.filter(({ metric }) => !perUser.has(metric)).map(({ metric, mean }) => [metric, mean]),
      ),
      rollouts: system === "aligned"
        ? rolloutsOf(config, course, prior)
        : oracle === null
        ? null
        : users * oracle,
      seconds: own === undefined
        ? null
        : stages.reduce((sum, stage) => sum + (course.seconds[stage] ?? 0), 0),
      parametersUpdated: shapes === null ? 0 : numbersUnder("parameters", shapes),
    });
  }
  return { config, course, systems };
}

/** Those of the prior, and those of the steps of alignment. */
function rolloutsOf(
  { align, target }: BladeConfig,
  { rollouts }: Course,
  prior: ReadonlyMap<string, readonly number[]> | null,
): number {
  const ofPrior = prior?.get("defined")?.[0] ?? 0;
  const contexts = ofPrior / target.priorSlates;
  // Where the reward reads what was shown, the reference is first drawn from to show something.
  const shown = (prior?.get("population/items")?.[0] ?? 0) > 0 ? contexts * align.groupSize : 0;
  return ofPrior + shown + rollouts;
}

const COLUMNS = ["user", "system", "metric", "value"] as const;

type ByMetric = Map<string, Map<string, number | null>>;

async function readPerUser(path: string): Promise<ReadonlyMap<string, ByMetric>> {
  const bySystem = new Map<string, ByMetric>();
  await readTable({ path, encoding: "utf-8", syntax: "quoted", separator: "," }, (header) => {
    for (const name of COLUMNS) requiredColumn(path, header, name, "the table");
    return COLUMNS;
  }, ([user, system = "", metric = "", value]) => {
    const byMetric: ByMetric = bySystem.get(system) ?? new Map();
    bySystem.set(system, byMetric);
    const values = byMetric.get(metric) ?? new Map<string, number | null>();
    byMetric.set(metric, values);
    values.set(idCell(user, "user"), value === undefined || value === "" ? null : Number(value));
  });
  return bySystem;
}
