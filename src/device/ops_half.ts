import * as tf from "@tensorflow/tfjs-core";
import type { HalfFormat } from "../numerics/half.ts";
import { runFused } from "./fused.ts";

const KERNELS = { f16: "unpackF16", bf16: "unpackBf16" } as const;

/**
 * Numbers of 16 bits as a tensor, two in an element of int32, the first in its low bits: half of what float32 takes. Which
 * format they have is for `unpackHalves` to know. The tensor may share the memory of `bits`.
 *
 * @param bits in row-major order, as many as `shape` says
 * @param shape [..., last] of the numbers, `last` even
 * @returns [..., last/2] int32, the caller's to free
 * @throws {RangeError} when the last dimension is odd, or the shape has none
 *
 * @example
 * ```ts
 * import { openDevice } from "./open_device.ts";
 * import { packHalves } from "./ops_half.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const packed = packHalves(Uint16Array.of(1, 2, 3, 4), [1, 4]);
 * assertEquals([packed.dtype, packed.shape, ...packed.dataSync()], ["int32", [1, 2], 0x20001, 0x40003]);
 * ```
 */
export function packHalves(bits: Uint16Array, shape: readonly number[]): tf.Tensor {
  const last = shape.at(-1);
  if (last === undefined || last % 2 !== 0) {
    throw new RangeError(`Cannot pack numbers of 16 bits: the last dimension must be even, got [${shape}]`);
  }
  // Every machine that Deno runs on keeps the low byte first, so the bytes are those of int32 as they stand.
  const { buffer, byteOffset, length } = bits.byteOffset % 4 === 0 ? bits : bits.slice();
  return tf.tensor(
    new Int32Array(buffer, byteOffset, length >> 1),
    [...shape.slice(0, -1), last / 2],
    "int32",
  );
}

/**
 * The float32 numbers of a packed tensor, each exactly what its 16 bits say. A constant to gradients.
 *
 * @param packed [..., last/2] int32, as `packHalves` makes it
 * @returns [..., last]
 *
 * @example
 * ```ts
 * import { openDevice } from "./open_device.ts";
 * import { packHalves, unpackHalves } from "./ops_half.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const packed = packHalves(Uint16Array.of(0x3c00, 0x4000, 0xc100, 0x0001), [2, 2]);
 * assertEquals([...unpackHalves(packed, "f16").dataSync()], [1, 2, -2.5, 2 ** -24]);
 * ```
 */
export function unpackHalves(packed: tf.Tensor, format: HalfFormat): tf.Tensor {
  return runFused(KERNELS[format], { packed })[0]!;
}

/**
 * Rows of a packed table as float32: only those are unpacked. A constant to gradients.
 *
 * @param packed [rows, width/2] int32, as `packHalves` makes it
 * @param indices int32, n numbers in any shape, each 0 … rows−1
 * @returns [n, width]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { halfRows, packHalves } from "./ops_half.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const table = packHalves(Uint16Array.of(0x3f80, 0x4000, 0x4040, 0x4080), [2, 2]) as tf.Tensor2D;
 * const rows = halfRows(table, tf.tensor1d([1, 0, 1], "int32"), "bf16");
 * assertEquals([...rows.dataSync()], [3, 4, 1, 2, 3, 4]);
 * ```
 */
export function halfRows(packed: tf.Tensor2D, indices: tf.Tensor, format: HalfFormat): tf.Tensor2D {
  return unpackHalves(tf.gather(packed, tf.reshape(indices, [indices.size])), format) as tf.Tensor2D;
}

/**
 * x·W with a frozen W that is kept packed: 32-bit numbers of it are there while the product is computed, and once more for
 * the gradient of x. W has none.
 *
 * @param x [n, rows]
 * @param packed [rows, columns/2] int32, as `packHalves` makes it
 * @returns [n, columns]
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { openDevice } from "./open_device.ts";
 * import { packHalves, timesHalves } from "./ops_half.ts";
 * import { assertEquals } from "@std/assert";
 * await openDevice({ device: "cpu" });
 * const packed = packHalves(Uint16Array.of(0x3c00, 0x4000), [1, 2]) as tf.Tensor2D;
 * assertEquals([...timesHalves(tf.tensor2d([[3]]), packed, "f16").dataSync()], [3, 6]);
 * ```
 */
export function timesHalves(x: tf.Tensor2D, packed: tf.Tensor2D, format: HalfFormat): tf.Tensor2D {
  const product = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    save([packed]);
    return {
      value: tf.matMul(x, unpackHalves(packed, format)),
      // What it unpacks would stay to the end of the pass back.
      gradFunc: (dy, saved) =>
        tf.tidy(() => tf.matMul(dy, unpackHalves((saved as [tf.Tensor])[0], format), false, true)),
    };
  });
  return product(x) as tf.Tensor2D;
}

/** Shape of the numbers in a packed tensor of this shape. */
export function unpackedShape(packed: readonly number[]): number[] {
  return packed.map((size, axis) => axis === packed.length - 1 ? 2 * size : size);
}
