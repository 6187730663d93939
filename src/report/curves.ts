// @ts-types="npm:@types/d3-scale@4.0.9"
import { scaleLinear } from "d3-scale";
// @ts-types="npm:@types/d3-shape@3.1.7"
import { line } from "d3-shape";
import type { RunEvent } from "./event_log.ts";
import { escapeHtml } from "./html.ts";

/** One number over the steps of a stage. */
export interface Curve {
  readonly stage: string;
  readonly name: string;
  /** [step, value] in step order; a step without the number is left out. */
  readonly points: readonly (readonly [number, number])[];
}

/** Points that a curve keeps at most; more are averaged in equal runs of steps. */
const MAX_POINTS = 400;

/**
 * The numbers of a run's events as curves, by stage and name in the order of their first appearance. Where a run was
 * resumed and repeated a step, the repetition counts.
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
      if (value === null) continue;
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
    const mean = (part: 0 | 1) => run.reduce((sum, point) => sum + point[part], 0) / run.length;
    return [mean(0), mean(1)];
  });
}

/**
 * A curve as SVG text with axes and a title for screen readers.
 *
 * @example
 * ```ts
 * import { curveSvg } from "./curves.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const svg = curveSvg({ stage: "align", name: "reward", points: [[1, 0.5], [2, 0.75]] });
 * assertStringIncludes(svg, "<title>align: reward, from 0.5 to 0.75 over 2 steps</title>");
 * ```
 */
export function curveSvg(curve: Curve): string {
  const { points } = curve;
  const size = { width: 320, height: 160, left: 46, right: 8, top: 8, bottom: 22 };
  const steps = points.map(([step]) => step);
  const values = points.map(([, value]) => value);
  const x = scaleLinear(span(steps), [size.left, size.width - size.right]);
  const y = scaleLinear(span(values), [size.height - size.bottom, size.top]).nice(4);
  const tenth = (coordinate: number) => Math.round(10 * coordinate) / 10;
  const path = line<readonly [number, number]>(([step]) => tenth(x(step)), ([, value]) => tenth(y(value)))(
    points,
  );
  const formatY = y.tickFormat(4);
  const rows = y.ticks(4).map((tick) =>
    `<path class="grid" d="M${size.left},${y(tick).toFixed(1)}H${size.width - size.right}"/>` +
    `<text x="${size.left - 6}" y="${(y(tick) + 3.5).toFixed(1)}" text-anchor="end">${
      escapeHtml(formatY(tick))
    }</text>`
  );
  const columns = x.ticks(4).filter(Number.isInteger).map((tick) =>
    `<text x="${x(tick).toFixed(1)}" y="${size.height - 6}" text-anchor="middle">${tick}</text>`
  );
  const first = Number(values[0]!.toPrecision(4));
  const last = Number(values.at(-1)!.toPrecision(4));
  const title = `${curve.stage}: ${curve.name}, from ${first} to ${last} over ${steps.at(-1)} steps`;
  // A single point has no line: a dot shows it.
  const mark = points.length === 1
    ? `<circle class="dot" cx="${x(steps[0]!).toFixed(1)}" cy="${y(values[0]!).toFixed(1)}" r="3"/>`
    : `<path class="line" d="${path}"/>`;
  return `<svg viewBox="0 0 ${size.width} ${size.height}" role="img"><title>${escapeHtml(title)}</title>` +
    `${rows.join("")}${columns.join("")}${mark}</svg>`;
}

/** The range of the values, widened where all are equal. */
function span(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  if (low < high) return [low, high];
  const margin = Math.abs(low) / 10 || 1;
  return [low - margin, high + margin];
}
