import type { PairedDifference, Result } from "../core/results.ts";
import { type ResultGrid, resultGrid } from "./result_grid.ts";
import { TABLE_WIDTH, textTable } from "./table.ts";

/**
 * The results of a run for a terminal: systems × metrics, then how far the trained systems are apart, paired by user.
 * Every interval stands in the manifest and in the report.
 *
 * @param results of one split
 * @example
 * ```ts
 * import { resultsTables } from "./results_table.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const shared = { metric: "reward", split: "test", contexts: 9, undefined: 0 } as const;
 * const text = resultsTables([
 *   { ...shared, system: "reference", mean: 0.1, interval95: [0.09, 0.11] },
 *   {
 *     ...shared,
 *     system: "aligned",
 *     mean: 0.15,
 *     interval95: [0.14, 0.16],
 *     versusReference: { difference: 0.05, interval95: [0.04, 0.06], p: 0.001 },
 *   },
 * ]);
 * assertStringIncludes(text, "aligned    0.1500 ±0.0100");
 * assertStringIncludes(text, "reward  +0.0500 [+0.0400, +0.0600]");
 * ```
 */
export function resultsTables(results: readonly Result[]): string {
  if (results.length === 0) return "";
  const grid = resultGrid(results);
  const contexts = Math.max(...results.map((result) => result.contexts));
  const halves = grid.metrics.includes("reward") ? "; ± half of the 95 % bootstrap interval" : "";
  const means = meansTables(grid).join("\n");
  const head = `Means over ${contexts} ${results[0]!.split} users${halves}\n${means}${withoutValue(grid)}`;
  if (grid.comparisons.length === 0) return head;
  return `${head}\nDifferences over the same users, with their 95 % bootstrap interval\n${
    differencesTable(grid)
  }`;
}

/** Systems × metrics, in as many tables below each other as the width asks for. */
function meansTables({ systems, metrics, at }: ResultGrid): string[] {
  const columns = metrics.map((metric) => [metric, ...systems.map((system) => meanCell(at(system, metric)))]);
  const names = systems.map(systemLabel);
  const widthOf = (cells: readonly string[]) => Math.max(...cells.map((cell) => cell.length));
  const parts: string[][][] = [];
  let left = 0;
  for (const column of columns) {
    const taken = 2 + widthOf(column);
    if (parts.length === 0 || taken > left) {
      parts.push([]);
      left = TABLE_WIDTH - widthOf(names);
    }
    parts.at(-1)!.push(column);
    left -= taken;
  }
  return parts.map((part) =>
    textTable(
      ["system", ...part.map(([metric]) => metric!)],
      names.map((name, row) => [name, ...part.map((column) => column[row + 1]!)]),
    )
  );
}

function differencesTable({ metrics, comparisons }: ResultGrid): string {
  const rows = metrics.filter((metric) => comparisons.some(({ byMetric }) => byMetric.has(metric)));
  return textTable(
    ["metric", ...comparisons.map(({ label }) => label)],
    rows.map((
      metric,
    ) => [metric, ...comparisons.map(({ byMetric }) => differenceCell(byMetric.get(metric)))]),
  );
}

/** Users whom a metric says nothing of, who are not in its means: the most of any system. */
function withoutValue({ systems, metrics, at }: ResultGrid): string {
  const missing = metrics
    .map((metric) =>
      [metric, Math.max(...systems.map((system) => at(system, metric)?.undefined ?? 0))] as const
    )
    .filter(([, users]) => users > 0);
  if (missing.length === 0) return "";
  return `Left out for want of a value: ${
    missing.map(([metric, users]) => `${users} users for ${metric}`).join(", ")
  }\n`;
}

/** The name of a system in tables; what reads the labels says so. */
export function systemLabel(system: string): string {
  return system.startsWith("best-of-") ? `${system} (oracle)` : system;
}

/** The reward alone shows how sure it is: more would not fit side by side. */
function meanCell(result: Result | undefined): string {
  if (result === undefined || result.mean === null) return "–";
  const { mean, interval95, metric } = result;
  if (metric !== "reward" || interval95 === null) return mean.toFixed(4);
  return `${mean.toFixed(4)} ±${((interval95[1] - interval95[0]) / 2).toFixed(4)}`;
}

/** `+0.0500 [+0.0400, +0.0600]`, or nothing. */
export function differenceCell(pair: PairedDifference | undefined): string {
  if (pair === undefined) return "";
  return `${signed(pair.difference)} [${pair.interval95.map(signed).join(", ")}]`;
}

/** A number with its sign, four decimals: `+0.0500`. */
export function signed(value: number): string {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(4);
}
