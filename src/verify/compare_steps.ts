import type { RunEvent } from "../report/event_log.ts";
import type { Comparison, Difference } from "./difference.ts";

/** Which steps are compared, and how closely. */
export interface StepOptions {
  /** Only these stages; all when left out. */
  readonly stages?: readonly string[];
  /** Only the first so many steps of each stage; all when left out. */
  readonly first?: number;
  /** Whether two numbers count as the same; to the bit when left out. */
  readonly same?: (recorded: number, found: number) => boolean;
}

type Values = Map<string, number | null>;
/** By stage, then by step: a step has one line of its own and may have another of its epoch. */
type Steps = Map<string, Map<number, Values>>;

/**
 * Compares what two runs measured in each step, stage by stage. A run that was killed and went on made some steps
 * twice: they must have been the same.
 *
 * @example
 * ```ts
 * import { compareSteps } from "./compare_steps.ts";
 * import { assertEquals } from "@std/assert";
 * const step = (loss: number) => ({ kind: "step", timeMs: 1, stage: "sft", step: 1, values: { loss } }) as const;
 * const { count, difference } = compareSteps([step(0.5)], [step(0.25)]);
 * assertEquals(count, 1);
 * assertEquals(difference, { kind: "step", place: "sft step 1: loss", recorded: 0.5, found: 0.25 });
 * ```
 */
export function compareSteps(
  recorded: readonly RunEvent[],
  found: readonly RunEvent[],
  options: StepOptions = {},
): Comparison {
  const same = options.same ?? Object.is;
  const [mine, twice] = stepsOf(recorded, options);
  const [theirs] = stepsOf(found, options);
  let count = 0;
  let difference: Difference | null = twice;
  const differs = (place: string, mine: number | string | null, theirs: number | string | null) => {
    difference ??= { kind: "step", place, recorded: mine, found: theirs };
  };
  for (const stage of new Set([...mine.keys(), ...theirs.keys()])) {
    const [one, other] = [mine.get(stage) ?? new Map(), theirs.get(stage) ?? new Map()];
    for (const step of [...new Set([...one.keys(), ...other.keys()])].sort((a, b) => a - b)) {
      const [values, others] = [one.get(step), other.get(step)];
      if (values === undefined || others === undefined) {
        differs(`${stage} step ${step}`, values ? "made" : null, others ? "made" : null);
        break;
      }
      // What is measured before the first step has the number 0.
      if (step > 0) count++;
      for (const name of new Set([...values.keys(), ...others.keys()])) {
        const [a, b] = [values.get(name), others.get(name)];
        if (a === b || (typeof a === "number" && typeof b === "number" && same(a, b))) continue;
        differs(`${stage} step ${step}: ${name}`, a ?? null, b ?? null);
      }
    }
  }
  return { what: "steps", count, difference };
}

/**
 * Compares the states that two runs saved after the same steps, by their hashes.
 *
 * @example
 * ```ts
 * import { compareSaved } from "./compare_steps.ts";
 * import { assertEquals } from "@std/assert";
 * const saved = (step: number, sha256: string) => ({ kind: "saved", timeMs: 1, stage: "sft", step, sha256 }) as const;
 * const { count, difference } = compareSaved([saved(2, "aa"), saved(4, "bb")], [saved(2, "aa"), saved(3, "cc")]);
 * assertEquals([count, difference], [1, null]);
 * ```
 */
export function compareSaved(recorded: readonly RunEvent[], found: readonly RunEvent[]): Comparison {
  const theirs = new Map(saved(found));
  let count = 0;
  let difference: Difference | null = null;
  for (const [place, hash] of saved(recorded)) {
    const other = theirs.get(place);
    if (other === undefined) continue;
    count++;
    if (other !== hash) difference ??= { kind: "checkpoint", place, recorded: hash, found: other };
  }
  return { what: "saved states", count, difference };
}

function saved(events: readonly RunEvent[]): [place: string, hash: string][] {
  return events.flatMap((event) =>
    event.kind === "saved" ? [[`state after ${event.stage} step ${event.step}`, event.sha256]] : []
  );
}

function stepsOf(
  events: readonly RunEvent[],
  { stages, first = Infinity }: StepOptions,
): [Steps, Difference | null] {
  const steps: Steps = new Map();
  let twice: Difference | null = null;
  for (const event of events) {
    if (event.kind !== "step" || event.step > first) continue;
    if (stages !== undefined && !stages.includes(event.stage)) continue;
    const ofStage = steps.get(event.stage) ?? new Map<number, Values>();
    steps.set(event.stage, ofStage);
    const values = ofStage.get(event.step) ?? new Map<string, number | null>();
    ofStage.set(event.step, values);
    for (const [name, value] of Object.entries(event.values)) {
      const before = values.get(name);
      if (before !== undefined && before !== value) {
        const place = `${event.stage} step ${event.step}: ${name}, made twice by the run itself`;
        twice ??= { kind: "step", place, recorded: before, found: value };
      }
      values.set(name, value);
    }
  }
  return [steps, twice];
}
