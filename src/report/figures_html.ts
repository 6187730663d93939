import { type CurveMarks, curveSvg } from "./curve_svg.ts";
import type { Curve } from "./curves.ts";
import { escapeHtml } from "./html.ts";

/** A curve that every reader should see. */
interface Figure extends CurveMarks {
  readonly stage: string;
  readonly name: string;
  readonly caption: string;
}

/** Units of the gauges, as docs/method.md defines them; a gauge that is not here is a pure number. */
const UNITS: Readonly<Record<string, string>> = {
  signal: "nats",
  klToReference: "nats per slate",
  entropy: "nats per item",
  undefined: "share of rollouts",
  saturated: "share of rollouts",
  tied: "share of groups",
  priorShare: "share of weight",
  evidenceWeight: "observations",
  reward: "reward",
  rollouts: "slates",
};

/** What the figures need to know of the run. */
export interface FigureFacts {
  /** The n of best-of-n. */
  readonly n: number;
  /** Metric specs of the reward's terms. */
  readonly terms: readonly string[];
  /** Metrics with a bound. */
  readonly constraints: readonly { readonly metric: string; readonly bound: number }[];
}

/**
 * The curves of a run as HTML: whether alignment works, how the reference was trained, and folded below what few
 * look at. The training reward stands beside what best-of-n of the reference is expected to reach.
 */
export function figuresHtml(curves: readonly Curve[], { n, terms, constraints }: FigureFacts): string {
  const bestOfN = curves.find(({ name }) => name === "bestOfN")?.points.at(-1)?.[1];
  const bound = bestOfN === undefined
    ? {}
    : { bound: { value: bestOfN, label: `best-of-${n} of the reference` } };
  const align: Figure[] = [
    { stage: "align", name: "reward", caption: "Reward of sampled lists", unit: "reward", ...bound },
    { stage: "align", name: "validation", caption: "Reward of shown lists, validation", unit: "reward" },
    {
      stage: "align",
      name: "signal",
      caption: "Signal: spread of log density ratios",
      unit: "nats",
    },
    { stage: "align", name: "klToReference", caption: "KL to the reference", unit: "nats per slate" },
    { stage: "align", name: "entropy", caption: "Entropy of sampled lists", unit: "nats per item" },
    // A metric with a bound is drawn beside it.
    ...terms.filter((name) => constraints.every(({ metric }) => metric !== name)).map((name) => ({
      stage: "align",
      name,
      caption: `${name} of sampled lists`,
      unit: name,
    })),
    ...constraints.flatMap(({ metric, bound }) => [
      {
        stage: "align",
        name: `level:${metric}`,
        caption: `${metric} of a step's lists`,
        unit: metric,
        bound: { value: bound, label: "bound" },
      },
      {
        stage: "align",
        name: `multiplier:${metric}`,
        caption: `Multiplier of ${metric}`,
        unit: "multiplier",
      },
    ]),
  ];
  const sft: Figure[] = [
    { stage: "sft", name: "loss", caption: "Cross-entropy", unit: "nats per target" },
    { stage: "sft", name: "validation", caption: "nDCG@10, validation", unit: "nDCG@10" },
  ];
  const shown = (figures: readonly Figure[]) =>
    figures.flatMap((figure) => {
      const curve = curves.find(({ stage, name }) => stage === figure.stage && name === figure.name);
      return curve === undefined ? [] : [figureHtml(curve, figure.caption, figure)];
    });
  const first = [...align, ...sft];
  const others = curves.filter(({ stage, name }) =>
    name !== "bestOfN" && !first.some((figure) => figure.stage === stage && figure.name === name)
  ).map((curve) => {
    const unit = Object.hasOwn(UNITS, curve.name) ? UNITS[curve.name] : undefined;
    return figureHtml(curve, `${curve.stage}: ${curve.name}`, unit === undefined ? {} : { unit });
  });
  if (curves.length === 0) return "<p>None: no step was logged.</p>\n";
  return LEGEND + section("<h3>Alignment</h3>", shown(align)) +
    section("<h3>Supervised training</h3>", shown(sft)) +
    (others.length === 0
      ? ""
      : `<details><summary>All other gauges</summary>\n${section("", others)}</details>\n`);
}

const LEGEND =
  `<p class="note">Thin lines: single steps, or the mean of a few; bold: the mean of a tenth of the run around each.</p>\n`;

function section(heading: string, figures: readonly string[]): string {
  if (figures.length === 0) return "";
  return `${heading}\n<div class="figures">\n${figures.join("")}</div>\n`;
}

function figureHtml(curve: Curve, caption: string, marks: CurveMarks): string {
  return `<figure><figcaption>${escapeHtml(caption)}</figcaption>${curveSvg(curve, marks)}</figure>\n`;
}
