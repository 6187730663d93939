/** Names of the oracles that say their n. */
export const BEST_OF_NUMBER = /^best-of-([1-9][0-9]{0,2})$/;

/**
 * How many slates of the reference an oracle chooses the best of, or null of a system that is none.
 *
 * @param n what `best-of-n` stands for
 * @example
 * ```ts
 * import { bestOf } from "./best_of.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(["best-of-n", "best-of-32", "aligned"].map((system) => bestOf(system, 4)), [4, 32, null]);
 * ```
 */
export function bestOf(system: string, n: number): number | null {
  if (system === "best-of-n") return Math.max(1, Math.round(n));
  const [, number] = BEST_OF_NUMBER.exec(system) ?? [];
  return number === undefined ? null : Number(number);
}
