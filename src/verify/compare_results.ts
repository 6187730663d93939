import { valueDifference } from "../config/value_difference.ts";
import type { Result } from "../core/results.ts";
import type { Comparison, Difference } from "./difference.ts";

/**
 * Compares the results of two runs, number by number.
 *
 * @param same whether two means count as the same, each with its interval; to the bit when left out
 * @example
 * ```ts
 * import { compareResults } from "./compare_results.ts";
 * import { assertEquals } from "@std/assert";
 * const result = (mean: number) =>
 *   ({ system: "aligned", metric: "mrr", split: "test", mean, interval95: null, contexts: 9, undefined: 0 }) as const;
 * const { difference } = compareResults([result(0.5)], [result(0.25)]);
 * assertEquals(difference, { kind: "results", place: "aligned, mrr: mean", recorded: 0.5, found: 0.25 });
 * ```
 */
export function compareResults(
  recorded: readonly Result[],
  found: readonly Result[],
  same?: (one: Result, other: Result) => boolean,
): Comparison {
  const theirs = new Map(found.map((result) => [nameOf(result), result]));
  let difference: Difference | null = null;
  for (const result of recorded) {
    const other = theirs.get(nameOf(result));
    theirs.delete(nameOf(result));
    difference ??= differenceOf(result, other, same);
  }
  for (const name of theirs.keys()) difference ??= differs(name, null, "there");
  return { what: "results", count: recorded.length, difference };
}

function differenceOf(
  result: Result,
  other: Result | undefined,
  same: ((one: Result, other: Result) => boolean) | undefined,
): Difference | null {
  const name = nameOf(result);
  if (other === undefined) return differs(name, "there", null);
  if (same !== undefined) {
    return same(result, other) ? null : differs(`${name}: mean`, result.mean, other.mean);
  }
  const found = valueDifference(result, other);
  return found === null ? null : differs(`${name}: ${found.path.join(".")}`, found.one, found.other);
}

function nameOf({ system, metric }: Result): string {
  return `${system}, ${metric}`;
}

function differs(place: string, recorded: unknown, found: unknown): Difference {
  return { kind: "results", place, recorded: shown(recorded), found: shown(found) };
}

function shown(value: unknown): string | number | null {
  if (value === undefined || value === null) return null;
  return typeof value === "number" ? value : String(value);
}
