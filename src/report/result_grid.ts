import type { PairedDifference, Result } from "../core/results.ts";

/** Results as tables show them: a row per system, a column per metric. */
export interface ResultGrid {
  /** In the order of the results. */
  readonly systems: readonly string[];
  /** Specs in the order of the results. */
  readonly metrics: readonly string[];
  at(system: string, metric: string): Result | undefined;
  /** What is worth comparing, of what the results hold. */
  readonly comparisons: readonly Comparison[];
}

/** One system against another, by the contexts that both have a value for. */
export interface Comparison {
  /** `aligned − reference`. */
  readonly label: string;
  /** By metric spec; a metric of many lists together has no value per context and is not there. */
  readonly byMetric: ReadonlyMap<string, PairedDifference>;
}

/**
 * Arranges the results of one split. Compared are the two models that went on from the reference with it, and with
 * each other; the differences of other systems stand in the results alone.
 *
 * @example
 * ```ts
 * import { resultGrid } from "./result_grid.ts";
 * import { assertEquals } from "@std/assert";
 * const shared = { metric: "ndcg@10", split: "test", interval95: null, contexts: 9, undefined: 0 } as const;
 * const versusReference = { difference: 0.05, interval95: [0.04, 0.06], p: 0.001 } as const;
 * const grid = resultGrid([
 *   { ...shared, system: "reference", mean: 0.1 },
 *   { ...shared, system: "aligned", mean: 0.15, versusReference },
 * ]);
 * assertEquals(grid.at("aligned", "ndcg@10")?.mean, 0.15);
 * assertEquals(grid.comparisons, [
 *   { label: "aligned − reference", byMetric: new Map([["ndcg@10", versusReference]]) },
 * ]);
 * ```
 */
export function resultGrid(results: readonly Result[]): ResultGrid {
  const comparisons = [
    compared(results, "sft-continued", "reference", (result) => result.versusReference),
    compared(results, "aligned", "reference", (result) => result.versusReference),
    compared(results, "aligned", "sft-continued", (result) => result.versusContinued),
  ];
  return {
    systems: [...new Set(results.map((result) => result.system))],
    metrics: [...new Set(results.map((result) => result.metric))],
    at: (system, metric) => results.find((result) => result.system === system && result.metric === metric),
    comparisons: comparisons.filter(({ byMetric }) => byMetric.size > 0),
  };
}

function compared(
  results: readonly Result[],
  system: string,
  against: string,
  difference: (result: Result) => PairedDifference | undefined,
): Comparison {
  const pairs = results.filter((result) => result.system === system)
    .map((result) => [result.metric, difference(result)] as const)
    .filter((pair): pair is readonly [string, PairedDifference] => pair[1] !== undefined);
  return { label: `${system} − ${against}`, byMetric: new Map(pairs) };
}
