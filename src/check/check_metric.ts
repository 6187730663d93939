import type { SignalName } from "../core/signals.ts";
import type { Metric, MetricBatch } from "../reward/metric.ts";
import type { LoadedMetric } from "../reward/registry.ts";
import { type CheckLine, failure, shown } from "./check_line.ts";
import { checkListMetric, TOLERANCE } from "./list_checks.ts";
import { checkIsolatedPopulation } from "./isolated_population_checks.ts";
import { checkPopulationMetric } from "./population_checks.ts";
import { awkwardSlates, someContexts } from "./random_slates.ts";
import { measureTraining, type TrainingMeasures } from "./training_measures.ts";
import { measureLines } from "./verdict.ts";
import { withMadeUpSignals, type World } from "./world.ts";

/** What the checks of a loaded metric found. */
export interface MetricCheck {
  readonly lines: readonly CheckLine[];
  /** Left out where the metric fails before there is anything to measure. */
  readonly measures?: TrainingMeasures;
}

/** Contexts whose slates are held to the contract. */
const CONTEXTS = 32;

/**
 * Holds a metric to everything that training relies on, and measures what training would find in it. No model is
 * needed: random policies draw the slates.
 *
 * @param mayMakeUp signals that the world lacks are made up; else a lacking one fails the metric
 */
export async function checkMetric(
  loaded: LoadedMetric,
  given: World,
  { mayMakeUp }: { readonly mayMakeUp: boolean },
): Promise<MetricCheck> {
  const { world, madeUp } = withMadeUpSignals(given, loaded.metric.needs);
  const signals = signalLine(given.name, loaded.metric.needs, madeUp, mayMakeUp);
  if (signals.outcome === "FAIL") return { lines: [signals] };
  const batch = awkwardSlates(world, someContexts(world.contexts, CONTEXTS));
  const lines = await contractLines(loaded, world, batch);
  if (lines.some(({ outcome }) => outcome === "FAIL")) return { lines: [signals, ...lines] };
  try {
    const measures = await measureTraining(loaded, world);
    const held = overruled(lines, outOfRange(loaded.metric, measures));
    return { lines: [signals, ...held, ...measureLines(measures, world)], measures };
  } catch (error) {
    return { lines: [signals, ...overruled(lines, failure("answers", error))] };
  }
}

/** What more slates brought to light stands in place of what a few had shown. */
function overruled(lines: readonly CheckLine[], late: CheckLine | undefined): readonly CheckLine[] {
  return late === undefined ? lines : lines.map((line) => line.check === late.check ? late : line);
}

function contractLines(loaded: LoadedMetric, world: World, batch: MetricBatch): Promise<CheckLine[]> {
  const { spec, metric } = loaded;
  if (metric.kind === "list") return checkListMetric(loaded, world, batch);
  if (loaded.judge !== undefined) return checkIsolatedPopulation(loaded, world, batch);
  return checkPopulationMetric(spec, metric, world, batch);
}

/** What was measured is held to the range too; what a slate adds to a metric of many has no range of its own. */
function outOfRange({ kind, range }: Metric, { distribution }: TrainingMeasures): CheckLine | undefined {
  if (kind === "population" || distribution === null) return undefined;
  const { min, max } = distribution;
  if (min >= range[0] - TOLERANCE && max <= range[1] + TOLERANCE) return undefined;
  return {
    check: "range",
    outcome: "FAIL",
    says: `${shown(min)} to ${shown(max)} on random slates is outside ${range.map(shown).join(" to ")}`,
    mend: "correct the value, or state the range that it really has",
  };
}

function signalLine(
  data: string,
  needs: readonly SignalName[],
  madeUp: readonly SignalName[],
  mayMakeUp: boolean,
): CheckLine {
  if (madeUp.length === 0) {
    return {
      check: "signals",
      outcome: "ok",
      says: needs.length === 0 ? "it needs none" : `${data} has ${needs.join(", ")}`,
    };
  }
  const lacking = madeUp.join(", ");
  if (mayMakeUp) {
    return {
      check: "signals",
      outcome: "warning",
      says: `${data} has no ${lacking}: made up here, so the numbers below tell nothing of your data`,
      mend: "name a configuration whose data have it: --config C",
    };
  }
  return {
    check: "signals",
    outcome: "FAIL",
    says: `${data} has no ${lacking}, so a run would stop before it starts`,
    mend: "use data that have it, or let the metric do without",
  };
}
