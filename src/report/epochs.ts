import type { RunEvent } from "./event_log.ts";

/** One epoch of alignment, as its events tell of it. */
export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  /** Mean over its steps of every gauge that a step has; null where none has a value. docs/method.md defines them. */
  readonly gauges: Readonly<Record<string, number | null>>;
  /** Reward of the validation lists at its end. */
  readonly validation: number | null;
  /** How far the constraints were violated there. */
  readonly violation: number;
}

/**
 * The epochs of alignment that are done. Where a run was resumed and repeated a step, the repetition counts; a step
 * whose reward has no value is left out.
 *
 * @example
 * ```ts
 * import { epochsOf } from "./epochs.ts";
 * import { assertEquals } from "@std/assert";
 * const step = { kind: "step", timeMs: 0, stage: "align" } as const;
 * const epochs = epochsOf([
 *   { ...step, step: 1, values: { reward: 0.2, signal: 2 } },
 *   { ...step, step: 2, values: { reward: 0.4, signal: 1 } },
 *   { ...step, step: 2, values: { epoch: 1, validation: 0.5 } },
 * ]);
 * assertEquals(epochs.map(({ gauges, validation }) => [gauges["signal"], validation]), [[1.5, 0.5]]);
 * ```
 */
export function epochsOf(events: readonly RunEvent[]): Epoch[] {
  const steps = new Map<number, Values>();
  const ends = new Map<number, { readonly step: number; readonly values: Values }>();
  for (const event of events) {
    if (event.kind !== "step" || event.stage !== "align") continue;
    const { step, values } = event;
    const { epoch } = values;
    if (typeof epoch !== "number") steps.set(step, values);
    else if (epoch > 0) ends.set(epoch, { step, values });
  }
  let from = 0;
  return [...ends].sort(([a], [b]) => a - b).map(([epoch, { step, values }]): Epoch => {
    const within = [...steps].filter(([at]) => at > from && at <= step).map(([, of]) => of)
      .filter((of) => Number.isFinite(of["reward"]));
    from = step;
    const names = new Set(within.flatMap((of) => Object.keys(of)));
    return {
      epoch,
      gauges: Object.fromEntries([...names].map((name) => [name, meanOf(within, name)])),
      validation: values["validation"] ?? null,
      violation: values["violation"] ?? 0,
    };
  });
}

/**
 * Of some epochs the one that a run keeps: it violates the constraints least and, of those that do, is best on
 * validation. Undefined where none has a value.
 *
 * @example
 * ```ts
 * import { keptEpoch } from "./epochs.ts";
 * import { assertEquals } from "@std/assert";
 * const epoch = (number: number, validation: number, violation = 0) => ({ epoch: number, gauges: {}, validation, violation });
 * assertEquals(keptEpoch([epoch(1, 0.2), epoch(2, 0.4), epoch(3, 0.9, 0.1)])?.epoch, 2);
 * ```
 */
export function keptEpoch(epochs: readonly Epoch[]): Epoch | undefined {
  return epochs.filter(({ validation }) => validation !== null)
    .toSorted((a, b) => a.violation - b.violation || b.validation! - a.validation!)[0];
}

type Values = Readonly<Record<string, number | null>>;

function meanOf(steps: readonly Values[], name: string): number | null {
  const values = steps.flatMap((step) => Number.isFinite(step[name]) ? step[name]! : []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
