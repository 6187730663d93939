import { type Epoch, keptEpoch } from "../report/epochs.ts";

/** An arm at a rung, its runs with all seeds on one data set. */
export interface Contender {
  readonly arm: string;
  /** Epochs of each of its runs so far. */
  readonly runs: readonly (readonly Epoch[])[];
}

/** How an arm stands at a rung: the best validation of its runs up to there. */
export interface Standing {
  readonly arm: string;
  /** Mean over the runs; null where a run has none. */
  readonly score: number | null;
  /** Mean over the runs: how far the constraints are violated by those weights. */
  readonly violation: number;
}

/**
 * Decides who goes on after a rung of successive halving (Jamieson and Talwalkar 2016): the share `keep`, rounded up,
 * of those who keep the constraints best and, of these, do best on validation. Equal arms go in the order of the file.
 * An arm without epochs, as one that does not align, costs nothing more and is not judged.
 *
 * @param rung epochs; later ones are not looked at
 * @param spared arms that always go on, as the baseline
 * @returns who is dropped, worst first
 * @example
 * ```ts
 * import { droppedAt } from "./halving.ts";
 * import { assertEquals } from "@std/assert";
 * const run = (validation: number) => [{ epoch: 1, gauges: {}, validation, violation: 0 }];
 * const contenders = [{ arm: "a", runs: [run(0.1)] }, { arm: "b", runs: [run(0.3)] }, { arm: "c", runs: [run(0.2)] }];
 * assertEquals(droppedAt(1, contenders, { keep: 0.5, spared: [] }).map(({ arm }) => arm), ["a"]);
 * ```
 */
export function droppedAt(
  rung: number,
  contenders: readonly Contender[],
  { keep, spared }: { readonly keep: number; readonly spared: readonly string[] },
): Standing[] {
  const standings = contenders.filter(({ runs }) => runs.some((epochs) => epochs.length > 0))
    .map((contender) => standingOf(rung, contender));
  const going = Math.ceil(keep * standings.length - 1e-9);
  const ranked = standings.toSorted((a, b) =>
    a.violation - b.violation || (b.score ?? -Infinity) - (a.score ?? -Infinity) || 0
  );
  return ranked.slice(going).filter(({ arm }) => !spared.includes(arm)).reverse();
}

function standingOf(rung: number, { arm, runs }: Contender): Standing {
  const best = runs.map((epochs) => keptEpoch(epochs.filter(({ epoch }) => epoch <= rung)));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const all = best.filter((epoch) => epoch !== undefined);
  return {
    arm,
    score: all.length < best.length ? null : mean(all.map(({ validation }) => validation!)),
    violation: all.length < best.length ? Infinity : mean(all.map(({ violation }) => violation)),
  };
}
