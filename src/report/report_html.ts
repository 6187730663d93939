import type { Result } from "../core/results.ts";
import { type Curve, curvesOf, curveSvg } from "./curves.ts";
import type { RunEvent } from "./event_log.ts";
import { escapeHtml } from "./html.ts";
import type { RunManifest } from "./manifest.ts";
import { duration } from "./duration.ts";
import { signed, systemLabel } from "./results_table.ts";

/** Curves that show whether alignment works; the others stand folded below. */
const FIRST_CURVES = ["reward", "signal", "updateSignal", "loss", "klToReference", "entropy", "ndcg@10"];

/**
 * The report of a run: one HTML page that needs no network, no script and no other file. Whatever comes from data,
 * plugins or configuration is escaped.
 *
 * @param manifest the run's record
 * @param events the lines of its `events.jsonl`
 * @returns the page's text
 */
export function reportHtml(manifest: RunManifest, events: readonly RunEvent[]): string {
  const curves = curvesOf(events);
  const first = curves.filter((curve) => FIRST_CURVES.includes(curve.name));
  const others = curves.filter((curve) => !FIRST_CURVES.includes(curve.name));
  const warnings = manifest.warnings.map((warning) => `<p class="warning">${escapeHtml(warning)}</p>\n`).join(
    "",
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(manifest.runId)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(manifest.runId)}</h1>
<p>${escapeHtml(headline(manifest))}</p>
${warnings}<h2>Results</h2>
${resultsHtml(manifest.results)}<h2>Training</h2>
${figures(first)}${
    others.length === 0 ? "" : `<details><summary>All other gauges</summary>\n${figures(others)}</details>\n`
  }<h2>Record</h2>
${factsHtml(manifest)}<details><summary>Configuration</summary>
<pre>${escapeHtml(JSON.stringify(manifest.config, null, 2))}</pre></details>
</body>
</html>
`;
}

function headline(manifest: RunManifest): string {
  const { reward, align, target } = manifest.config;
  const terms = reward.terms.map((term) => `${term.weight} × ${term.metric}`).join(" + ");
  const method = align.method === "sft"
    ? "supervised alone"
    : `${align.method}, ${target.kind} best-of-${target.n}`;
  return `${manifest.outcome} · ${method} · reward ${terms} · seed ${manifest.seed} · ${
    duration(manifest.durationMs)
  }`;
}

function resultsHtml(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { mean, interval95, versusReference: versus } = result;
    const interval = (bounds: readonly [number, number], show: (value: number) => string) =>
      `[${show(bounds[0])}, ${show(bounds[1])}]`;
    const sure = versus !== undefined && (versus.interval95[0] > 0 || versus.interval95[1] < 0);
    const cells = [
      mean === null ? "–" : mean.toFixed(4),
      interval95 === null ? "–" : interval(interval95, (value) => value.toFixed(4)),
      versus === undefined ? "" : `${signed(versus.difference)} ${interval(versus.interval95, signed)}`,
      versus === undefined ? "" : versus.p < 0.001 ? "&lt; 0.001" : versus.p.toFixed(3),
      String(result.contexts),
      String(result.undefined),
    ].map((cell, column) => `<td${sure && column === 2 ? ' class="sure"' : ""}>${cell}</td>`).join("");
    return `<tr><th scope="row">${escapeHtml(systemLabel(result.system))}</th>` +
      `<td class="name">${escapeHtml(result.metric)}</td>${cells}</tr>\n`;
  });
  const columns = [
    "system",
    "metric",
    "mean",
    "95 % interval",
    "versus reference, paired",
    "p",
    "users",
    "undefined",
  ];
  const header = columns.map((name) => `<th scope="col">${name}</th>`).join("");
  return `<div class="wide"><table>\n<thead><tr>${header}</tr></thead>\n<tbody>\n${
    rows.join("")
  }</tbody></table></div>
<p class="note">Bold: the interval of the difference leaves out 0. best-of-n reads the labels and is a bound, no competitor.</p>
`;
}

function figures(curves: readonly Curve[]): string {
  const list = curves.map((curve) =>
    `<figure><figcaption>${escapeHtml(`${curve.stage}: ${curve.name}`)}</figcaption>${
      curveSvg(curve)
    }</figure>\n`
  );
  return `<div class="figures">\n${list.join("")}</div>\n`;
}

function factsHtml({ startedAt, commit, runtime, data, plugins, artifacts }: RunManifest): string {
  const { deno, tfjs, backend, adapter, threads } = runtime;
  const place = `${backend}${adapter === null ? "" : ` (${adapter})`}, ${threads} threads`;
  const rows: [string, string][] = [
    ["started", startedAt],
    ["code", commit ?? "no known commit"],
    ["runtime", `deno ${deno}, tfjs ${tfjs}, ${place}`],
    ...data.map((file): [string, string] => ["data", `${file.path} · ${file.bytes} bytes · ${file.sha256}`]),
    ...plugins.map((plugin): [string, string] => ["plugin", `${plugin.spec} · ${plugin.sha256}`]),
    ...artifacts.map((
      file,
    ): [string, string] => ["wrote", `${file.path} · ${file.bytes} bytes · ${file.sha256}`]),
  ];
  const cells = rows.map(([name, value]) =>
    `<tr><th scope="row">${name}</th><td class="name">${escapeHtml(value)}</td></tr>\n`
  );
  return `<div class="wide"><table class="facts"><tbody>\n${cells.join("")}</tbody></table></div>\n`;
}

const STYLE = `
:root { color-scheme: light dark; --line: #0b62a4; --faint: #8884; }
@media (prefers-color-scheme: dark) { :root { --line: #6cb6f0; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th:first-child, .name { text-align: left; }
.facts .name { font-size: 12px; }
.sure { font-weight: bold; }
.wide { overflow-x: auto; }
.note, figcaption { font-size: 13px; }
.warning { border-left: 4px solid #c60; padding-left: .7rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem; }
figure { margin: 0; }
svg { width: 100%; height: auto; }
svg text { font-size: 10px; fill: currentColor; }
.grid { stroke: var(--faint); fill: none; }
.line { stroke: var(--line); stroke-width: 1.5; fill: none; }
.dot { fill: var(--line); }
pre { overflow-x: auto; font-size: 12px; }
`;
