import type { PairedDifference, Result } from "../core/results.ts";
import { escapeHtml } from "./html.ts";
import { type ResultGrid, resultGrid } from "./result_grid.ts";
import { differenceCell, systemLabel } from "./results_table.ts";

/** The results of a run as HTML: means, paired differences, and every number folded below. */
export function resultsHtml(results: readonly Result[]): string {
  if (results.length === 0) return "<p>None: the run measured nothing.</p>\n";
  const grid = resultGrid(results);
  const oracle = grid.systems.some((system) => system.startsWith("best-of-"))
    ? " best-of-n reads the labels and is a bound, no competitor."
    : "";
  const note = `Means over the users of the ${
    results[0]!.split
  } split, ± half of the 95 % bootstrap interval.`;
  return `${meansHtml(grid)}<p class="note">${note}${oracle}</p>\n${differencesHtml(grid)}` +
    `<details><summary>Every interval and difference</summary>\n${allHtml(results)}</details>\n`;
}

function meansHtml({ systems, metrics, at }: ResultGrid): string {
  const rows = systems.map((system) => {
    const cells = metrics.map((metric) => `<td>${meanCell(at(system, metric))}</td>`);
    const own = system === "aligned" ? ' class="own"' : "";
    return `<tr${own}><th scope="row">${escapeHtml(systemLabel(system))}</th>${cells.join("")}</tr>\n`;
  });
  return table(["system", ...metrics], rows);
}

function differencesHtml({ metrics, comparisons }: ResultGrid): string {
  if (comparisons.length === 0) return "";
  const rows = metrics.filter((metric) => comparisons.some(({ byMetric }) => byMetric.has(metric)))
    .map((metric) => {
      const cells = comparisons.map(({ byMetric }) => pairCell(byMetric.get(metric))).join("");
      return `<tr><th scope="row">${escapeHtml(metric)}</th>${cells}</tr>\n`;
    });
  return `<h3>Differences over the same users</h3>\n` +
    table(["metric", ...comparisons.map(({ label }) => label)], rows) +
    `<p class="note">With 95 % bootstrap intervals of the paired difference; bold where they leave out 0.</p>\n`;
}

function allHtml(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { mean, interval95, versusReference: versus } = result;
    const cells = [
      mean === null ? "–" : mean.toFixed(4),
      interval95 === null ? "–" : `[${interval95.map((bound) => bound.toFixed(4)).join(", ")}]`,
    ].map((cell) => `<td>${cell}</td>`).join("");
    return `<tr><th scope="row">${escapeHtml(systemLabel(result.system))}</th>` +
      `<td class="name">${escapeHtml(result.metric)}</td>${cells}${pairCell(versus)}<td>${
        pValue(versus)
      }</td>` +
      `<td>${result.contexts}</td><td>${result.undefined}</td></tr>\n`;
  });
  const columns = ["system", "metric", "mean", "95 % interval", "− reference", "p", "users", "no value"];
  return table(columns, rows, 2);
}

/** @param names how many columns hold names, which stand to the left */
function table(columns: readonly string[], rows: readonly string[], names = 1): string {
  const header = columns.map((name, column) =>
    `<th scope="col"${column < names ? ' class="name"' : ""}>${escapeHtml(name)}</th>`
  );
  return `<div class="wide"><table>\n<thead><tr>${header.join("")}</tr></thead>\n<tbody>\n${
    rows.join("")
  }</tbody></table></div>\n`;
}

function meanCell(result: Result | undefined): string {
  if (result === undefined || result.mean === null) return "–";
  const { mean, interval95 } = result;
  const half = interval95 === null
    ? ""
    : ` <small>±${((interval95[1] - interval95[0]) / 2).toFixed(4)}</small>`;
  return mean.toFixed(4) + half;
}

function pairCell(pair: PairedDifference | undefined): string {
  const sure = pair !== undefined && (pair.interval95[0] > 0 || pair.interval95[1] < 0);
  return `<td${sure ? ' class="sure"' : ""}>${differenceCell(pair)}</td>`;
}

function pValue(pair: PairedDifference | undefined): string {
  if (pair === undefined) return "";
  return pair.p < 0.001 ? "&lt; 0.001" : pair.p.toFixed(3);
}
