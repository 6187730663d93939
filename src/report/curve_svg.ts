// @ts-types="npm:@types/d3-scale@4.0.9"
import { scaleLinear } from "d3-scale";
// @ts-types="npm:@types/d3-shape@3.1.7"
import { line } from "d3-shape";
import { type Curve, smoothed } from "./curves.ts";
import { escapeHtml } from "./html.ts";

/** What is drawn beside the points. */
export interface CurveMarks {
  /** What the values are, for the vertical axis: `reward`, `nats per slate`. */
  readonly unit?: string;
  /** A horizontal line to hold the curve against. */
  readonly bound?: { readonly value: number; readonly label: string };
}

const SIZE = { width: 340, height: 190, left: 58, right: 10, top: 18, bottom: 34 };

/**
 * A curve as SVG text with named axes and a title for screen readers. A long noisy curve is drawn faint, with its
 * running mean over it.
 *
 * @example
 * ```ts
 * import { curveSvg } from "./curve_svg.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const svg = curveSvg({ stage: "align", name: "reward", points: [[1, 0.5], [2, 0.75]] }, {
 *   unit: "reward",
 *   bound: { value: 0.6, label: "best-of-4 of the reference" },
 * });
 * assertStringIncludes(svg, "<title>align: reward, from 0.5 to 0.75 over 2 steps</title>");
 * assertStringIncludes(svg, "best-of-4 of the reference 0.6000</text>");
 * ```
 */
export function curveSvg(curve: Curve, { unit, bound }: CurveMarks = {}): string {
  const { points } = curve;
  const { width, height, left, right, top, bottom } = SIZE;
  const steps = points.map(([step]) => step);
  const values = points.map(([, value]) => value);
  const x = scaleLinear(span(steps), [left, width - right]);
  const y = scaleLinear(span(bound === undefined ? values : [...values, bound.value]), [height - bottom, top])
    .nice(4);
  const text = (where: string, content: string) => `<text ${where}>${escapeHtml(content)}</text>`;
  const tenth = (coordinate: number) => Math.round(10 * coordinate) / 10;
  const path = line<readonly [number, number]>(([step]) => tenth(x(step)), ([, value]) => tenth(y(value)));
  const formatY = y.tickFormat(4);
  const rows = y.ticks(4).map((tick) =>
    `<path class="grid" d="M${left},${tenth(y(tick))}H${width - right}"/>` +
    text(`x="${left - 6}" y="${tenth(y(tick) + 3.5)}" text-anchor="end"`, formatY(tick))
  );
  const columns = x.ticks(5).filter(Number.isInteger).map((tick) =>
    text(`x="${tenth(x(tick))}" y="${height - bottom + 14}" text-anchor="middle"`, tick.toLocaleString("en"))
  );
  const middle = (top + height - bottom) / 2;
  const axes = text(`x="${(left + width - right) / 2}" y="${height - 4}" text-anchor="middle"`, "step") +
    (unit === undefined
      ? ""
      : text(`transform="translate(11,${middle}) rotate(-90)" text-anchor="middle"`, unit));
  const limit = bound === undefined
    ? ""
    : `<path class="bound" d="M${left},${tenth(y(bound.value))}H${width - right}"/>` + text(
      `class="bound-label" x="${width - right}" y="${tenth(y(bound.value) - 4)}" text-anchor="end"`,
      `${bound.label} ${bound.value.toFixed(4)}`,
    );
  const first = Number(values[0]!.toPrecision(4));
  const last = Number(values.at(-1)!.toPrecision(4));
  const title = `${curve.stage}: ${curve.name}, from ${first} to ${last} over ${steps.at(-1)} steps`;
  const mean = smoothed(points);
  // A single point has no line: a dot shows it.
  const mark = points.length === 1
    ? `<circle class="dot" cx="${tenth(x(steps[0]!))}" cy="${tenth(y(values[0]!))}" r="3"/>`
    : mean === undefined
    ? `<path class="line" d="${path(points)}"/>`
    : `<path class="line raw" d="${path(points)}"/><path class="line" d="${path(mean)}"/>`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img"><title>${escapeHtml(title)}</title>` +
    `${rows.join("")}${columns.join("")}${axes}${mark}${limit}</svg>`;
}

/** Numbers up to this, and down to its inverse, can be drawn. */
const LARGEST = 1e300;

/** The range of the values, widened where all are equal. */
function span(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const [from, to] = [Math.max(low, -LARGEST), Math.min(high, LARGEST)];
  // Ticks that differ in the last bits alone, or below what numbers can hold, could not be counted.
  if (to - from > 1e-9 * Math.max(Math.abs(from), Math.abs(to)) && to - from > 1 / LARGEST) return [from, to];
  const margin = Math.abs(from) / 10 > 1 / LARGEST ? Math.abs(from) / 10 : 1;
  return [from - margin, to + margin];
}
