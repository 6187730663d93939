import type { RunEvent } from "./event_log.ts";

/** One number over the steps of a stage. */
export interface Curve {
  readonly stage: string;
  readonly name: string;
  /** [step, value] in step order; a step without the number is left out. */
  readonly points: readonly (readonly [number, number])[];
}

/** Points that a curve keeps at most; more are averaged in equal runs of steps, each shown at its last step. */
const MAX_POINTS = 400;

/**
 * The numbers of a run's events as curves, by stage and name in the order of their first appearance. Where a run was
 * resumed and repeated a step, the repetition counts. The number of the epoch is none of them.
 *
 * @example
 * ```ts
 * import { curvesOf } from "./curves.ts";
 * import { assertEquals } from "@std/assert";
 * const step = { kind: "step", timeMs: 0, stage: "align" } as const;
 * const events = [
 *   { ...step, step: 1, values: { reward: 0.5 } },
 *   { ...step, step: 2, values: { reward: null } },
 * ];
 * assertEquals(curvesOf(events), [{ stage: "align", name: "reward", points: [[1, 0.5]] }]);
 * ```
 */
export function curvesOf(events: readonly RunEvent[]): Curve[] {
  const byKey = new Map<string, { stage: string; name: string; values: Map<number, number> }>();
  for (const event of events) {
    if (event.kind !== "step") continue;
    for (const [name, value] of Object.entries(event.values)) {
      if (value === null || name === "epoch") continue;
      const key = JSON.stringify([event.stage, name]);
      const curve = byKey.get(key) ?? { stage: event.stage, name, values: new Map<number, number>() };
      byKey.set(key, curve);
      curve.values.set(event.step, value);
    }
  }
  return [...byKey.values()].map(({ stage, name, values }) => ({
    stage,
    name,
    points: thinned([...values].sort(([a], [b]) => a - b)),
  }));
}

function thinned(points: [number, number][]): [number, number][] {
  if (points.length <= MAX_POINTS) return points;
  return Array.from({ length: MAX_POINTS }, (_, bin) => {
    const from = Math.floor((bin * points.length) / MAX_POINTS);
    const run = points.slice(from, Math.floor(((bin + 1) * points.length) / MAX_POINTS));
    return [run.at(-1)![0], run.reduce((sum, [, value]) => sum + value, 0) / run.length];
  });
}

/** Fewer points than this are drawn as they are. */
const SMOOTHED_FROM = 30;

/**
 * A noisy curve averaged over the tenth of it around each step; undefined where there are too few points to need it.
 *
 * @example
 * ```ts
 * import { smoothed } from "./curves.ts";
 * import { assertEquals } from "@std/assert";
 * const points = Array.from({ length: 100 }, (_, step) => [step, step % 2] as const);
 * assertEquals(smoothed(points)![50], [50, 6 / 11]); // six odd steps among 45 … 55
 * assertEquals(smoothed(points.slice(0, 10)), undefined);
 * ```
 */
export function smoothed(points: Curve["points"]): Curve["points"] | undefined {
  if (points.length < SMOOTHED_FROM) return undefined;
  const reach = Math.ceil(points.length / 20);
  return points.map(([step], at): readonly [number, number] => {
    const around = points.slice(Math.max(0, at - reach), at + reach + 1);
    return [step, around.reduce((sum, [, value]) => sum + value, 0) / around.length];
  });
}
