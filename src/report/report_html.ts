import { curvesOf } from "./curves.ts";
import { duration } from "./duration.ts";
import type { RunEvent } from "./event_log.ts";
import { figuresHtml } from "./figures_html.ts";
import { escapeHtml } from "./html.ts";
import type { RunManifest } from "./manifest.ts";
import { resultsHtml } from "./results_html.ts";
import { methodWords } from "./method_words.ts";
import { rewardWords } from "./reward_words.ts";

/** What the page says beside the manifest. */
export interface ReportFacts {
  /** Name of the run for people: that of its folder. */
  readonly title: string;
  readonly dataName: string;
}

/**
 * The report of a run: one HTML page that needs no network, no script and no other file. Whatever comes from data,
 * plugins or configuration is escaped.
 *
 * @param manifest the run's record
 * @param events the lines of its `events.jsonl`
 * @returns the page's text
 */
export function reportHtml(manifest: RunManifest, events: readonly RunEvent[], facts: ReportFacts): string {
  const { reward, target } = manifest.config;
  const warnings = manifest.warnings.map((warning) => `<p class="warning">${escapeHtml(warning)}</p>\n`);
  const figures = figuresHtml(curvesOf(events), {
    n: target.n,
    terms: [...new Set(reward.terms.map((term) => term.metric))],
    constraints: reward.constraints.map((constraint) => ({
      metric: constraint.metric,
      bound: constraint.atMost ?? constraint.atLeast!,
    })),
  });
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(facts.title)}: blade run report</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(facts.title)}</h1>
<p>${escapeHtml(headline(manifest, facts.dataName))}</p>
${warnings.join("")}<h2>Results</h2>
${resultsHtml(manifest.results)}<h2>Training</h2>
${figures}<h2>Record</h2>
${factsHtml(manifest)}<details><summary>Configuration</summary>
<pre>${escapeHtml(JSON.stringify(manifest.config, null, 2))}</pre></details>
</body>
</html>
`;
}

function headline({ config, outcome, seed, startedAt, durationMs }: RunManifest, dataName: string): string {
  const { reward } = config;
  return `${dataName} · ${methodWords(config)} · reward ${
    rewardWords(reward)
  } · seed ${seed} · ${outcome} after ${duration(durationMs)}, started ${
    startedAt.slice(0, 16).replace("T", " ")
  } UTC`;
}

function factsHtml({ runId, startedAt, commit, runtime, data, plugins, artifacts }: RunManifest): string {
  const { deno, tfjs, backend, adapter, threads } = runtime;
  const place = `${backend}${adapter === null ? "" : ` (${adapter})`}, ${threads} ${
    threads === 1 ? "thread" : "threads"
  }`;
  const rows: [string, string][] = [
    ["run", runId],
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
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --line: #0b62a4; --bound: #b3480c;
  --faint: #80808055; --own: #0b62a412; --quiet: #5b6066; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e9; --paper: #17191c; --line: #6cb6f0; --bound: #f0a36c; --own: #6cb6f01f; --quiet: #a2a8ae; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 70rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { margin: 0; }
h2 { margin: 2rem 0 .5rem; }
h3 { margin: 1.2rem 0 .4rem; font-size: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th:first-child, .name { text-align: left; }
tbody th { font-weight: normal; }
.own th, .own td { background: var(--own); font-weight: bold; }
.own small { font-weight: normal; }
.facts .name { font-size: 12px; }
.sure { font-weight: bold; }
.wide { overflow-x: auto; }
.note, figcaption, small { font-size: 13px; }
.note, small { color: var(--quiet); }
.warning { border-left: 4px solid var(--bound); padding-left: .7rem; }
summary { cursor: pointer; margin: .7rem 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1rem; }
figure { margin: 0; }
svg { width: 100%; height: auto; }
svg text { font-size: 10px; fill: currentColor; }
.grid { stroke: var(--faint); fill: none; }
.line { stroke: var(--line); stroke-width: 1.8; fill: none; }
.raw { stroke-width: 1; opacity: .35; }
.dot { fill: var(--line); }
.bound { stroke: var(--bound); stroke-width: 1.2; stroke-dasharray: 5 3; fill: none; }
svg .bound-label { fill: var(--bound); stroke: var(--paper); stroke-width: 3; paint-order: stroke; }
pre { overflow-x: auto; font-size: 12px; }
`;
