/** Where two values differ first, and what each has there. */
export interface ValueDifference {
  /** Keys from the root. */
  readonly path: readonly string[];
  readonly one: unknown;
  readonly other: unknown;
}

/**
 * The first place in which two values of JSON differ, in the order of their keys; null where they are equal.
 *
 * @example
 * ```ts
 * import { valueDifference } from "./value_difference.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(valueDifference({ a: [1, 2] }, { a: [1, 3] }), { path: ["a", "1"], one: 2, other: 3 });
 * assertEquals(valueDifference({ a: 1 }, { a: 1, b: null }), { path: ["b"], one: undefined, other: null });
 * assertEquals(valueDifference({ a: NaN }, { a: NaN }), null);
 * ```
 */
export function valueDifference(
  one: unknown,
  other: unknown,
  path: readonly string[] = [],
): ValueDifference | null {
  if (Object.is(one, other)) return null;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return { path, one, other };
  }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = valueDifference(Reflect.get(one, key), Reflect.get(other, key), [...path, key]);
    if (found !== null) return found;
  }
  return null;
}
