import type { BladeConfig } from "../config/schema.ts";

/**
 * A reward in words, as reports and plans print it.
 *
 * @param show how a metric's spec is printed; as it is unless told
 * @example
 * ```ts
 * import { rewardWords } from "./reward_words.ts";
 * import { assertEquals } from "@std/assert";
 * const words = rewardWords({
 *   terms: [{ metric: "ndcg@10", weight: 1 }, { metric: "ild@10", weight: 0.5 }],
 *   combine: "quantile",
 *   constraints: [{ metric: "mgu-list@10", atMost: 0.08 }],
 * });
 * assertEquals(words, "1 × ndcg@10 + 0.5 × ild@10, by quantile, with mgu-list@10 at most 0.08");
 * ```
 */
export function rewardWords(
  { terms, combine, constraints }: Pick<BladeConfig["reward"], "terms" | "combine" | "constraints">,
  show: (spec: string) => string = (spec) => spec,
): string {
  const sum = terms.map(({ weight, metric }) => `${weight} × ${show(metric)}`).join(" + ");
  const bounds = constraints.map(({ metric, atLeast, atMost }) =>
    `${show(metric)} ${atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`}`
  );
  return sum + (combine === "quantile" ? ", by quantile" : "") +
    (bounds.length === 0 ? "" : `, with ${bounds.join(" and ")}`);
}
