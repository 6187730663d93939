import { BladeError, type Refusal } from "../core/errors.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** A step whose loss or gradient is no finite number. Weights and optimizer are as they were before it. */
export class NonFiniteStep extends BladeError {
  /** The state before the step; null where it cannot be had any more. */
  readonly before: (() => Promise<Checkpoint>) | null;
  readonly #refusal: Refusal;
  readonly #section: string;

  /** @param o.place stage, step and batch in words */
  constructor(
    o: {
      readonly stage: string;
      readonly place: string;
      readonly value: number;
      readonly before: (() => Promise<Checkpoint>) | null;
    },
  ) {
    const section = sectionOf(o.stage);
    const refusal = { place: o.place, rule: "must be a finite number", value: o.value };
    super({ ...refusal, mend: `${changesOf(section)}; the last checkpoint is intact` });
    this.name = "NonFiniteStep";
    this.before = o.before;
    this.#refusal = { ...refusal, mend: "" };
    this.#section = section;
  }

  /**
   * The same for people, with where the state is kept.
   *
   * @param kept whether the state before the step was written
   */
  inRun(runFolder: string, configPath: string, kept: boolean): BladeError {
    const state = kept ? "the state before the step is kept" : "the last checkpoint is kept";
    return new BladeError({
      ...this.#refusal,
      mend: `${state}: in ${configPath} ${changesOf(this.#section)}, then train --resume ${runFolder}`,
    });
  }
}

/** A stage that learns of no batch any more. */
export function tooManySkipped(stage: string, step: number, most: number): BladeError {
  const section = sectionOf(stage);
  return new BladeError({
    place: `${stage}: steps up to ${step}`,
    rule: `at most ${most} steps in a row may be skipped because their loss is no finite number`,
    value: most + 1,
    mend: `lower ${section}.learningRate or ${section}.clipNorm; the last checkpoint is intact`,
  });
}

/** Users, and rows, that are named before the rest is only counted. */
const NAMED = 5;

/**
 * A batch in words, as what follows the name of a step.
 *
 * @param ids of the users of its rows; undefined where one is not known
 * @param badRows rows that are to blame
 *
 * @example
 * ```ts
 * import { describeBatch } from "./non_finite.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(
 *   describeBatch(["u1", "u7", "u2", "u3", "u9", "u4", "u5"], [1, 2]),
 *   " (7 rows, of the users u1, u7, u2, u3, u9 and 2 more; no finite loss in row 2 of user u7, row 3 of user u2)",
 * );
 * assertEquals(describeBatch([], []), "");
 * ```
 */
export function describeBatch(ids: readonly (string | undefined)[], badRows: readonly number[]): string {
  const known = ids.filter((id) => id !== undefined);
  if (ids.length === 0) return "";
  const users = known.length === 0 ? "" : `, of the users ${listed(known)}`;
  const rows = badRows.map((row) => `row ${row + 1}${ids[row] === undefined ? "" : ` of user ${ids[row]}`}`);
  const bad = rows.length === 0 ? "" : `; no finite loss in ${listed(rows)}`;
  return ` (${ids.length} ${ids.length === 1 ? "row" : "rows"}${users}${bad})`;
}

function listed(all: readonly string[]): string {
  const rest = all.length - NAMED;
  return all.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function changesOf(section: string): string {
  return `lower ${section}.learningRate or ${section}.clipNorm, or set ${section}.nonFinite to "skip"`;
}

/** The section of the configuration that a stage follows. */
export function sectionOf(stage: string): "sft" | "align" {
  return stage === "sft" ? "sft" : "align";
}
