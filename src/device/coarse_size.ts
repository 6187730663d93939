import { worksAhead } from "./computation.ts";

/**
 * The least of 1, 2, 3, 4, 6, 8, 12, 16, 24, 32 … that is not below `size`: what lists of any length are filled up to, so
 * that their shapes take few values and no list grows by more than half.
 *
 * @example
 * ```ts
 * import { coarseSize } from "./coarse_size.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, 1, 5, 8, 9, 1000].map(coarseSize), [1, 1, 6, 8, 12, 1024]);
 * ```
 */
export function coarseSize(size: number): number {
  let coarse = 1;
  while (coarse < size) coarse *= 2;
  const between = coarse * 3 / 4;
  return Number.isInteger(between) && between >= size ? between : coarse;
}

/**
 * A size filled up to a multiple of `step`. Where computations are recorded shape by shape, so few multiples occur that
 * each is met again soon.
 *
 * @example
 * ```ts
 * import { filledSize } from "./coarse_size.ts";
 * import { openDevice } from "./open_device.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * assertEquals([1, 8, 50].map((size) => filledSize(size, 8)), [8, 8, 56]);
 * ```
 */
export function filledSize(size: number, step: number): number {
  return worksAhead() ? step * coarseSize(Math.ceil(size / step)) : roundedSize(size, step);
}

/** The least multiple of `step` that is not below `size`. */
export function roundedSize(size: number, step: number): number {
  return step * Math.ceil(size / step);
}
