import * as tf from "@tensorflow/tfjs-core";
import type { WasmHeap } from "./backend.ts";
import { BLOCK_ROWS } from "./kernel_names.ts";
import type { KernelThreads } from "./threads.ts";

/**
 * tfjs's `BatchMatMul` on this project's kernel: [..., M, K]·[..., K, N] with either operand transposed and batch
 * dimensions broadcast, all read in place.
 */
export function matMulKernel(
  heap: WasmHeap,
  run: KernelThreads["run"],
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
  const strides = {
    a: transposeA ? [1, M] : [K, 1],
    b: transposeB ? [1, K] : [N, 1],
  };
  const blocks = Math.ceil(M / BLOCK_ROWS);
  const product = (aFrom: number, aBatch: number, bFrom: number, bBatch: number, to: number, count: number) =>
    run(
      "matmul",
      [aFrom, bFrom, to, M, K, N, aBatch, ...strides.a, bBatch, ...strides.b, BLOCK_ROWS],
      count * blocks,
      2 * Math.min(M, BLOCK_ROWS) * K * N,
    );

  const count = tf.util.sizeFromShape(batches);
  const aCount = tf.util.sizeFromShape(aBatches), bCount = tf.util.sizeFromShape(bBatches);
  if ((aCount === count || aCount === 1) && (bCount === count || bCount === 1)) {
    product(aAt, aCount === 1 ? 0 : M * K, bAt, bCount === 1 ? 0 : K * N, cAt, count);
    return c;
  }
  // Some batch dimensions are broadcast and others not: no single stride, so one product at a time.
  for (let i = 0; i < count; i++) {
    const aFrom = aAt + 4 * M * K * operandBatch(i, batches, aBatches);
    const bFrom = bAt + 4 * K * N * operandBatch(i, batches, bBatches);
    product(aFrom, 0, bFrom, 0, cAt + 4 * M * N * i, 1);
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
