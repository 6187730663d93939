import { join } from "@std/path";
import { bestOf } from "../core/best_of.ts";
import { holm } from "../evaluate/holm.ts";
import { differencesOf } from "../evaluate/paired.ts";
import { randomKey } from "../numerics/random.ts";
import { RUN_FILES } from "../report/run_folder.ts";
import { crossedMeans } from "./crossed_bootstrap.ts";
import type { Cell, Experiment } from "./plan.ts";
import { type OracleLevel, slatesWorth } from "./slates_worth.ts";
import { type TrainingFacts, trainingFacts } from "./training_facts.ts";
import { readRunMeasures, type RunMeasures, type SystemMeasures } from "./run_measures.ts";
import { isThere } from "../report/is_there.ts";

/** One metric of one method on one data set. */
export interface ExperimentRow extends TrainingFacts {
  /** Name of the arm, or of a system that every run has: `reference`, `sft-continued`, `best-of-8`. */
  readonly method: string;
  readonly data: string;
  readonly metric: string;
  readonly split: "test";
  /** Mean over seeds of the mean over users; null where a seed has none. */
  readonly mean: number | null;
  /** Of the bootstrap over seeds and users; over seeds alone for a metric of all lists together. */
  readonly interval95: readonly [number, number] | null;
  /** Of the runs that the row is over. */
  readonly seeds: readonly number[];
  /** To the baseline, paired by seed and user; left out for the baseline itself and where nothing can be paired. */
  readonly difference?: RowDifference;
  /**
   * How many slates of the reference one list of the method is worth: `slatesWorth` of this metric, where the run has
   * two systems best-of-<number> or more. Null otherwise, and for metrics other than `reward`, by which they choose.
   */
  readonly slatesWorth: number | null;
}

/** How far a method is above the baseline. */
export interface RowDifference {
  readonly mean: number;
  readonly interval95: readonly [number, number] | null;
  /** Two-sided, of the bootstrap, corrected over all rows after Holm; null for a metric of all lists together. */
  readonly p: number | null;
}

/** What an experiment found. */
export interface ExperimentTable {
  readonly rows: readonly ExperimentRow[];
  /** What the reader should know of the rows. */
  readonly notes: readonly string[];
}

/** A method on one data set: its runs by seed. */
interface Method {
  readonly name: string;
  readonly isArm: boolean;
  readonly runs: readonly {
    readonly seed: number;
    readonly run: RunMeasures;
    readonly own: SystemMeasures;
  }[];
}

/** A row before the correction of its p-value. */
interface OpenRow {
  readonly row: ExperimentRow;
  readonly p: number | null;
}

/** The table of the runs that have finished, from their folders alone. */
export async function experimentTable(folder: string, plan: Experiment): Promise<ExperimentTable> {
  const open: OpenRow[] = [];
  const notes: string[] = [];
  for (const data of plan.data) {
    const runs = new Map<Cell, RunMeasures>();
    for (const cell of plan.cells.filter((cell) => cell.data === data)) {
      const path = join(folder, cell.folder);
      if (await isThere(join(path, RUN_FILES.manifest))) runs.set(cell, await readRunMeasures(path));
    }
    open.push(...rowsOf(data, plan, runs, notes));
  }
  const corrected = holm(open.flatMap(({ p }) => p ?? [])).values();
  return {
    rows: open.map(({ row, p }) =>
      row.difference === undefined
        ? row
        : { ...row, difference: { ...row.difference, p: p === null ? null : corrected.next().value! } }
    ),
    notes: [...new Set(notes)],
  };
}

function rowsOf(
  data: string,
  plan: Experiment,
  runs: ReadonlyMap<Cell, RunMeasures>,
  notes: string[],
): OpenRow[] {
  const of = (name: string, isArm: boolean, arm: string, system: (run: RunMeasures) => string): Method => ({
    name,
    isArm,
    runs: [...runs].filter(([cell]) => cell.arm === arm).flatMap(([{ seed }, run]) => {
      const own = run.systems.get(system(run));
      return own === undefined ? [] : [{ seed, run, own }];
    }),
  });
  const lastOf = (run: RunMeasures) => run.systems.has("aligned") ? "aligned" : "reference";
  const arms = plan.arms.map((arm) => of(arm, true, arm, lastOf));
  // Systems that belong to no arm: the runs of the baseline have them.
  const systems = new Set(
    [...runs].flatMap(([{ arm }, run]) => arm === plan.baseline ? [...run.systems.keys()] : []),
  );
  const common = [...systems].filter((system) => system !== "aligned" && !plan.arms.includes(system))
    .map((system) => of(system, false, plan.baseline, () => system));
  const baseline = arms.find(({ name }) => name === plan.baseline)!;
  for (const { name, runs } of arms) {
    if (runs.length < plan.seeds.length) {
      notes.push(`${name} on ${data}: ${runs.length} of ${plan.seeds.length} runs have finished`);
    }
  }
  const methods = [...arms, ...common].filter(({ runs }) => runs.length > 0);
  const metrics = [...new Set(methods.flatMap(({ runs }) => runs.flatMap(({ own }) => [...metricsOf(own)])))];
  return metrics.flatMap((metric) => rowsOfMetric(data, metric, methods, baseline, notes));
}

function metricsOf({ perUser, whole }: SystemMeasures): Set<string> {
  return new Set([...perUser.keys(), ...whole.keys()]);
}

function rowsOfMetric(
  data: string,
  metric: string,
  all: readonly Method[],
  baseline: Method,
  notes: string[],
): OpenRow[] {
  const methods = all.filter(({ runs }) => runs.every(({ own }) => metricsOf(own).has(metric)));
  const isWhole = methods.some(({ runs }) => runs[0]!.own.whole.has(metric));
  const users = [
    ...new Set(
      methods.flatMap(({ runs }) => runs.flatMap(({ own }) => [...own.perUser.get(metric)?.keys() ?? []])),
    ),
  ];
  const valuesOf = ({ own }: Method["runs"][number]) =>
    isWhole
      ? Float64Array.of(own.whole.get(metric) ?? NaN)
      : Float64Array.from(users, (user) => own.perUser.get(metric)?.get(user) ?? NaN);
  const key = randomKey(1).split("experiment", data, metric);
  const values = methods.map(({ runs }) => runs.map(valuesOf));
  const differences = methods.map((method) =>
    method === baseline || !methods.includes(baseline)
      ? []
      : differencesTo(baseline, method, metric, valuesOf, notes)
  );
  // Together, for they share their resamples; where there is no pair, there is nothing to draw.
  const measured = crossedMeans([...values, ...differences.filter((seeds) => seeds.length > 0)], { key })
    .values();
  const levels = methods.map(() => measured.next().value!);
  const oracles = methods.flatMap(({ name }, at): OracleLevel[] => {
    const n = bestOf(name, NaN);
    const { mean } = levels[at]!;
    return n === null || Number.isNaN(n) || mean === null ? [] : [{ n, mean }];
  });
  return methods.map((method, at): OpenRow => {
    const level = levels[at]!;
    const paired = differences[at]!.length === 0 ? undefined : measured.next().value!;
    const difference = paired === undefined || paired.mean === null
      ? {}
      : { difference: { mean: paired.mean, interval95: paired.interval95, p: null } };
    return {
      row: {
        method: method.name,
        data,
        metric,
        split: "test",
        mean: level.mean,
        interval95: level.interval95,
        seeds: method.runs.map(({ seed }) => seed),
        ...difference,
        slatesWorth: metric === "reward" && level.mean !== null ? slatesWorth(level.mean, oracles) : null,
        ...trainingFacts(method.isArm, method.runs),
      },
      p: isWhole ? null : paired?.p ?? null,
    };
  });
}

/** [seeds][users] of the seeds that both have run with. */
function differencesTo(
  baseline: Method,
  method: Method,
  metric: string,
  valuesOf: (run: Method["runs"][number]) => Float64Array,
  notes: string[],
): Float64Array[] {
  const pairs = method.runs.flatMap((run) => {
    const other = baseline.runs.find(({ seed }) => seed === run.seed);
    return other === undefined ? [] : [[run, other] as const];
  });
  if (metric === "reward" && pairs.some(([one, other]) => rewardOf(one.run) !== rewardOf(other.run))) {
    notes.push(
      `${method.name} has another reward than ${baseline.name}: their values of reward are not compared`,
    );
    return [];
  }
  return pairs.map(([one, other]) => differencesOf(valuesOf(one), valuesOf(other)));
}

function rewardOf({ config }: RunMeasures): string {
  return JSON.stringify([config.reward.terms, config.reward.combine]);
}
