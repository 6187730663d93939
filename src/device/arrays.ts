import * as tf from "@tensorflow/tfjs-core";

/** Numbers on the host on their way to the device: float32, or int32 where the array is an `Int32Array`. */
export interface HostArray {
  readonly data: Float32Array | Int32Array;
  /** Its product is `data.length`. */
  readonly shape: readonly number[];
}

/** Arrays by name. */
export type HostArrays = Readonly<Record<string, HostArray>>;

/** The same arrays on the device, under their names. */
export type Uploaded<A extends HostArrays> = { readonly [Name in keyof A]: tf.Tensor };

/**
 * Makes tensors of arrays. The caller frees them.
 *
 * @example
 * ```ts
 * import { uploadArrays } from "./arrays.ts";
 * import { openDevice } from "./open_device.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const { tokens } = uploadArrays({ tokens: { data: Int32Array.of(3, 1), shape: [2] } });
 * assertEquals([tokens.dtype, tokens.shape], ["int32", [2]]);
 * tokens.dispose();
 * ```
 */
export function uploadArrays<A extends HostArrays>(arrays: A): Uploaded<A> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32"),
    ]),
  ) as unknown as Uploaded<A>;
}
