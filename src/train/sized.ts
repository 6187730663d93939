/** So much memory, and the largest tensor in it. */
export interface Sized {
  readonly bytes: number;
  readonly largestTensorBytes: number;
  /** What that tensor is. */
  readonly largest: string;
}

/** A tensor of 32-bit numbers. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * So many 32-bit numbers, and the largest of some tensors among them.
 *
 * @example
 * ```ts
 * import { sized } from "./sized.ts";
 * import { assertEquals } from "@std/assert";
 * const { bytes, largest } = sized(100, [{ name: "a", shape: [2, 3] }, { name: "b", shape: [4, 5] }]);
 * assertEquals([bytes, largest], [400, "b [4, 5]"]);
 * ```
 */
export function sized(numbers: number, tensors: readonly NamedTensor[]): Sized {
  return tensors.reduce<Sized>((most, { name, shape }) => {
    const bytes = shape.reduce((product, size) => product * size, 4);
    return bytes > most.largestTensorBytes
      ? { ...most, largestTensorBytes: bytes, largest: `${name} [${shape.join(", ")}]` }
      : most;
  }, { bytes: 4 * Math.round(numbers), largestTensorBytes: 0, largest: "" });
}
