import type { Result } from "../core/results.ts";
import { textTable } from "./table.ts";

/**
 * The results of a run for a terminal: systems × metrics, then the paired differences to the reference.
 *
 * @param results of one split
 * @example
 * ```ts
 * import { resultsTables } from "./results_table.ts";
 * import { assertStringIncludes } from "@std/assert";
 * const shared = { metric: "ndcg@10", split: "test", contexts: 9, undefined: 0 } as const;
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
 * assertStringIncludes(text, "0.1500 ±0.0100");
 * assertStringIncludes(text, "+0.0500 [+0.0400, +0.0600]");
 * ```
 */
export function resultsTables(results: readonly Result[]): string {
  if (results.length === 0) return "";
  const systems = [...new Set(results.map((result) => result.system))];
  const metrics = [...new Set(results.map((result) => result.metric))];
  const at = (system: string, metric: string) =>
    results.find((result) => result.system === system && result.metric === metric);
  const means = textTable(
    ["system", ...metrics],
    systems.map((system) => [
      systemLabel(system),
      ...metrics.map((metric) => meanCell(at(system, metric))),
    ]),
  );
  const differences = results.filter((result) => result.versusReference !== undefined)
    .map((result) => [systemLabel(result.system), result.metric, differenceCell(result)]);
  const contexts = Math.max(...results.map((result) => result.contexts));
  const split = results[0]!.split;
  const head = `Mean over ${contexts} ${split} users, ± half of its 95 % bootstrap interval\n${means}`;
  if (differences.length === 0) return head;
  return `${head}\nDifference to the reference, same users, 95 % bootstrap interval\n${
    textTable(["system", "metric", "difference"], differences, ["left", "left", "right"])
  }`;
}

/** The name of a system in tables; what reads the labels says so. */
export function systemLabel(system: string): string {
  return system === "best-of-n" ? "best-of-n (oracle)" : system;
}

function meanCell(result: Result | undefined): string {
  if (result === undefined || result.mean === null) return "–";
  const { mean, interval95 } = result;
  const half = interval95 === null ? "" : ` ±${((interval95[1] - interval95[0]) / 2).toFixed(4)}`;
  return mean.toFixed(4) + half;
}

function differenceCell(result: Result): string {
  const { difference, interval95: [low, high] } = result.versusReference!;
  return `${signed(difference)} [${signed(low)}, ${signed(high)}]`;
}

/** A number with its sign, four decimals: `+0.0500`. */
export function signed(value: number): string {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(4);
}
