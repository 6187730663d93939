import { log2 } from "blade";

/** Ranks whose discount stands in the table; deeper ones are reckoned. */
const TABLED = 1024;
const TABLE = Float64Array.from({ length: TABLED + 1 }, (_, rank) => 1 / log2(rank + 1));

/**
 * What a rank weighs: 1 / log2(rank + 1), so that the first weighs 1 and the third 1/2.
 *
 * @param rank from 1
 * @example
 * ```ts
 * import { discount } from "./_discount.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([discount(1), discount(3)], [1, 1 / 2]);
 * ```
 */
export function discount(rank: number): number {
  return rank <= TABLED ? TABLE[rank]! : 1 / log2(rank + 1);
}
