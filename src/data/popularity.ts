import type { InteractionLog, Popularity } from "../core/dataset.ts";
import type { ItemIndex } from "../core/ids.ts";

/**
 * Counts how often items occur; give it train, so that no held-out interaction is counted.
 *
 * @param items Size of the catalog; items that never occur count 0.
 *
 * @example
 * ```ts
 * import { popularityOf } from "./popularity.ts";
 * import { assertEquals } from "@std/assert";
 * const train = {
 *   offsets: Int32Array.of(0, 2, 3), items: Int32Array.of(1, 1, 0),
 *   times: new Float64Array(3), ratings: new Float32Array(3),
 * };
 * const { counts, users, order } = popularityOf(train, 3);
 * assertEquals([...counts], [1, 2, 0]);
 * assertEquals([...users], [1, 1, 0]);
 * assertEquals(order, [1, 0, 2]);
 * ```
 */
export function popularityOf(log: Pick<InteractionLog, "offsets" | "items">, items: number): Popularity {
  const counts = new Float64Array(items);
  const users = new Float64Array(items);
  const lastUser = new Int32Array(items).fill(-1);
  let totalUsers = 0;
  for (let user = 0; user < log.offsets.length - 1; user++) {
    const [from, to] = [log.offsets[user]!, log.offsets[user + 1]!];
    if (to > from) totalUsers++;
    for (let row = from; row < to; row++) {
      const item = log.items[row]!;
      counts[item]!++;
      if (lastUser[item] !== user) users[item]!++;
      lastUser[item] = user;
    }
  }
  const order = Array.from<unknown, ItemIndex>({ length: items }, (_, item) => item)
    .sort((a, b) => counts[b]! - counts[a]! || a - b);
  return { counts, users, totalInteractions: log.items.length, totalUsers, order };
}
