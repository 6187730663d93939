/**
 * Works a thing out once for an object, a signal for instance, and keeps it as long as the object lives. The answer
 * is the same as without: it is only there sooner.
 *
 * @example
 * ```ts
 * import { perObject } from "./_memo.ts";
 * import { assertEquals } from "@std/assert";
 * let calls = 0;
 * const lengthOf = perObject((list: readonly number[]) => (calls++, list.length));
 * const list = [1, 2];
 * assertEquals([lengthOf(list), lengthOf(list), calls], [2, 2, 1]);
 * ```
 */
export function perObject<K extends object, V>(workOut: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    let entry = known.get(key);
    if (entry === undefined) {
      entry = { value: workOut(key) };
      known.set(key, entry);
    }
    return entry.value;
  };
}
