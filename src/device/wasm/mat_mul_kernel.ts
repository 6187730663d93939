import * as tf from "@tensorflow/tfjs-core";
import type { WasmHeap } from "./backend.ts";
import type { MultiplyBatch } from "./multiply_batch.ts";

/**
 * tfjs's `BatchMatMul`: [..., M, K]·[..., K, N] with either operand transposed and batch dimensions broadcast, all read
 * in place.
 *
 * @param multiply what computes the products
 */
export function matMulKernel(
  heap: WasmHeap,
  multiply: MultiplyBatch,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): tf.TensorInfo {
  if (a.dtype !== "float32" || b.dtype !== "float32") {
    throw new TypeError(`Cannot multiply matrices of ${a.dtype} and ${b.dtype}: both must be float32`);
  }
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [M, K] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [inner, N] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (K !== inner) {
    throw new RangeError(
      `Cannot multiply [${a.shape}] by [${b.shape}]: inner sizes ${K} and ${inner} differ`,
    );
  }
  const [aBatches, bBatches] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batches = tf.broadcast_util.assertAndGetBroadcastShape(aBatches, bBatches);
  const c = heap.output([...batches, M, N], "float32");
  const [aAt, bAt, cAt] = [heap.offset(a), heap.offset(b), heap.offset(c)];
  const sizes = { M, K, N, transposeA, transposeB };

  const count = tf.util.sizeFromShape(batches);
  const aCount = tf.util.sizeFromShape(aBatches), bCount = tf.util.sizeFromShape(bBatches);
  if ((aCount === count || aCount === 1) && (bCount === count || bCount === 1)) {
    const aBatch = aCount === 1 ? 0 : M * K, bBatch = bCount === 1 ? 0 : K * N;
    multiply({ ...sizes, a: aAt, b: bAt, c: cAt, aBatch, bBatch, count });
    return c;
  }
  // Some batch dimensions are broadcast and others not: no single stride, so one product at a time.
  for (let i = 0; i < count; i++) {
    multiply({
      ...sizes,
      a: aAt + 4 * M * K * operandBatch(i, batches, aBatches),
      b: bAt + 4 * K * N * operandBatch(i, batches, bBatches),
      c: cAt + 4 * M * N * i,
      aBatch: 0,
      bBatch: 0,
      count: 1,
    });
  }
  return c;
}

/** Which batch of an operand of batch shape `own` is used for output batch `index` of batch shape `whole`. */
function operandBatch(index: number, whole: number[], own: number[]): number {
  let [rest, stride, at] = [index, 1, 0];
  for (let i = 1; i <= own.length; i++) {
    const size = own.at(-i)!;
    if (size !== 1) at += (rest % whole.at(-i)!) * stride;
    rest = Math.floor(rest / whole.at(-i)!);
    stride *= size;
  }
  return at;
}
