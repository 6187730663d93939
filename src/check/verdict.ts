import type { CheckLine } from "./check_line.ts";
import { percent, shown } from "./check_line.ts";
import { BEST_OF, type TrainingMeasures } from "./training_measures.ts";
import type { World } from "./world.ts";

/** Share of tied groups from which on a warning is due. */
const MANY_TIES = 0.5;

/** Share of slates without a value from which on a warning is due. */
const MANY_UNDEFINED = 0.2;

/** A check's last word. */
export interface Verdict {
  readonly trainable: boolean;
  /** "can be trained with", with what to know beside it. */
  readonly says: string;
}

/** What was measured, as lines. */
export function measureLines(measures: TrainingMeasures, world: World): CheckLine[] {
  const { distribution, undefinedShare, undefinedReasons, tiedGroups, headRoom } = measures;
  const reasons = Object.entries(undefinedReasons).sort(([, a], [, b]) => b - a).slice(0, 3)
    .map(([reason, count]) => `${reason} (${count})`).join(", ");
  const lines: CheckLine[] = [{
    check: "undefined",
    outcome: undefinedShare === 1 ? "FAIL" : undefinedShare >= MANY_UNDEFINED ? "warning" : "ok",
    says: undefinedShare === 0
      ? "every slate has a value"
      : `${percent(undefinedShare)} of slates have no value: ${reasons}`,
    ...(undefinedShare < MANY_UNDEFINED
      ? {}
      : { mend: "slates without a value teach nothing: give one where there is a sensible one" }),
  }];
  if (distribution === null) return lines;
  const { min, median, max } = distribution;
  const perBatch = `${
    shown(measures.secondsPer1000Steps)
  } s for 1000 steps of ${world.batch} × ${world.groupSize}`;
  lines.push({
    check: "spread",
    outcome: measures.constant ? "FAIL" : "ok",
    says: measures.constant
      ? `every slate of whatever shape is worth ${shown(min)}`
      : `least ${shown(min)}, median ${shown(median)}, most ${shown(max)}`,
    ...(measures.constant ? { mend: "a reward that is always the same teaches nothing" } : {}),
  });
  if (!measures.constant) {
    const many = tiedGroups.popular >= MANY_TIES;
    lines.push({
      check: "tied",
      outcome: many ? "warning" : "ok",
      says: `${percent(tiedGroups.popular)} of groups of ${world.groupSize} tie (of uniform draws ${
        percent(tiedGroups.uniform)
      }), ${percent(measures.constantContexts)} of contexts have one value`,
      ...(many
        ? { mend: "a tied group teaches nothing: grade the metric, add a term, or raise align.groupSize" }
        : {}),
    }, {
      check: "head-room",
      outcome: "ok",
      says: `best of ${BEST_OF} gains ${shown(headRoom.gain)} over the mean, ${
        shown(headRoom.standardDeviations)
      } standard deviations`,
    });
  }
  lines.push({
    check: "time",
    outcome: "ok",
    says: `${shown(measures.microsecondsPerSlate)} µs a slate, ${perBatch}`,
  });
  return lines;
}

/**
 * The last word on a metric.
 *
 * @example
 * ```ts
 * import { verdictOf } from "./verdict.ts";
 * import { assertEquals } from "@std/assert";
 * const [ok, bad] = [
 *   { check: "range", outcome: "ok", says: "within" },
 *   { check: "purity", outcome: "FAIL", says: "it rolls dice" },
 * ] as const;
 * assertEquals(verdictOf([ok], undefined), { trainable: true, says: "can be trained with" });
 * assertEquals(verdictOf([ok, bad], undefined).says, "must not be trained with: purity: it rolls dice");
 * ```
 */
export function verdictOf(lines: readonly CheckLine[], measures: TrainingMeasures | undefined): Verdict {
  const failed = lines.find(({ outcome }) => outcome === "FAIL");
  if (failed !== undefined) {
    return { trainable: false, says: `must not be trained with: ${failed.check}: ${failed.says}` };
  }
  const but = [
    ...(measures !== undefined && measures.tiedGroups.popular >= MANY_TIES
      ? [
        measures.tiedGroups.popular === 1
          ? "100 % of groups tie: these slates taught nothing"
          : `${percent(measures.tiedGroups.popular)} of groups tie: only the others teach`,
      ]
      : []),
    ...(measures !== undefined && measures.undefinedShare >= MANY_UNDEFINED
      ? [`${percent(measures.undefinedShare)} of slates have no value`]
      : []),
  ];
  return { trainable: true, says: ["can be trained with", ...but].join(", but ") };
}
