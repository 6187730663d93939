/** A column of numbers that grows while a table is read: no object per row. */
export interface Column<T> {
  /** Appends a number. */
  push(value: number): void;
  /** The numbers pushed, without copying them. */
  finish(): T;
}

/**
 * A column of whole numbers, 4 bytes each.
 *
 * @example
 * ```ts
 * import { int32Column } from "./column.ts";
 * import { assertEquals } from "@std/assert";
 * const column = int32Column();
 * for (let value = 0; value < 5000; value++) column.push(value);
 * assertEquals([column.finish().length, column.finish()[4999]], [5000, 4999]);
 * ```
 */
export function int32Column(): Column<Int32Array> {
  return column((length) => new Int32Array(length));
}

/**
 * A column of numbers, 8 bytes each.
 *
 * @example
 * ```ts
 * import { float64Column } from "./column.ts";
 * import { assertEquals } from "@std/assert";
 * const column = float64Column();
 * column.push(0.5);
 * assertEquals(column.finish(), Float64Array.of(0.5));
 * ```
 */
export function float64Column(): Column<Float64Array> {
  return column((length) => new Float64Array(length));
}

function column<T extends Int32Array | Float64Array>(allocate: (length: number) => T): Column<T> {
  let values = allocate(1 << 12);
  let length = 0;
  return {
    push(value) {
      if (length === values.length) {
        const larger = allocate(2 * length);
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    finish: () => values.subarray(0, length) as T,
  };
}
