import { keptEpoch } from "../report/epochs.ts";
import type { RunMeasures, SystemMeasures } from "./run_measures.ts";

/** Gauges of alignment that tables show in the first and the last epoch; docs/method.md defines them. */
export const GAUGES = [
  "signal",
  "updateSignal",
  "saturated",
  "tied",
  "priorShare",
  "evidenceWeight",
  "klToReference",
  "entropy",
  "gradientNorm",
] as const;

/** One of `GAUGES`. */
export type GaugeName = typeof GAUGES[number];

/** A gauge in the first and the last epoch of alignment, mean over seeds; null where a run has none. */
export interface FirstAndLast {
  readonly first: number | null;
  readonly last: number | null;
}

/** How a method was trained, the same for all metrics. */
export interface TrainingFacts {
  /** Reward of the validation lists after the best epoch of alignment: what settings are chosen by. */
  readonly validation: number | null;
  /** Mean reward of the rollouts in the last epoch of alignment. */
  readonly trainReward: number | null;
  /** What best-of-n of the reference reaches on the contexts of alignment. */
  readonly bestOfN: number | null;
  /** Nats: the gauge `signal` in the first epoch of alignment. */
  readonly signalFirst: number | null;
  /** The same in the last. */
  readonly signalLast: number | null;
  readonly gauges: Readonly<Record<GaugeName, FirstAndLast>>;
  /** Slates drawn, mean over seeds. */
  readonly rollouts: number | null;
  /** s of the method's own training, mean over seeds. */
  readonly seconds: number | null;
  /** Numbers that the method's own training changed. */
  readonly parametersUpdated: number;
}

/**
 * The training of a method by its runs, a run for each seed.
 *
 * @param isArm whether the runs were made for the method, so that their alignment is its own
 */
export function trainingFacts(
  isArm: boolean,
  runs: readonly { readonly run: RunMeasures; readonly own: SystemMeasures }[],
): TrainingFacts {
  const inEpoch = (at: 0 | -1, name: string) =>
    isArm ? meanOf(runs.map(({ run: { course } }) => course.epochs.at(at)?.gauges[name] ?? null)) : null;
  const gauges = Object.fromEntries(
    GAUGES.map((name) => [name, { first: inEpoch(0, name), last: inEpoch(-1, name) }]),
  ) as Record<GaugeName, FirstAndLast>;
  return {
    validation: isArm
      ? meanOf(runs.map(({ run: { course } }) => keptEpoch(course.epochs)?.validation ?? null))
      : null,
    trainReward: inEpoch(-1, "reward"),
    bestOfN: isArm ? meanOf(runs.map(({ run }) => run.course.bestOfN)) : null,
    signalFirst: gauges.signal.first,
    signalLast: gauges.signal.last,
    gauges,
    rollouts: meanOf(runs.map(({ own }) => own.rollouts)),
    seconds: meanOf(runs.map(({ own }) => own.seconds)),
    parametersUpdated: meanOf(runs.map(({ own }) => own.parametersUpdated)) ?? 0,
  };
}

/** Null where one has no value. */
function meanOf(values: readonly (number | null)[]): number | null {
  if (values.length === 0 || values.includes(null)) return null;
  return values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
}
