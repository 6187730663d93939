import { BLOCK_ROWS } from "./kernel_names.ts";
import type { KernelThreads } from "./threads.ts";

/**
 * Products C = op(A)·op(B) of a batch, all in the backend's memory. Matrices are row-major and lie without gaps; op
 * transposes what its flag names.
 */
export interface ProductBatch {
  /** Byte offsets of the first matrices. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Rows of C, what is summed over, columns of C. */
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Elements from one matrix to the next; 0 where all products use the same one. Those of C follow each other. */
  readonly aBatch: number;
  readonly bBatch: number;
  /** Products. */
  readonly count: number;
}

/** Computes the products of a batch before it returns. */
export type MultiplyBatch = (batch: ProductBatch) => void;

/** Products by this project's own kernel, shared between its threads: the same bits with any number of them. */
export function multiplyByKernel(run: KernelThreads["run"]): MultiplyBatch {
  return ({ a, b, c, M, K, N, transposeA, transposeB, aBatch, bBatch, count }) => {
    const aStrides = transposeA ? [1, M] : [K, 1], bStrides = transposeB ? [1, K] : [N, 1];
    run(
      "matmul",
      [a, b, c, M, K, N, aBatch, ...aStrides, bBatch, ...bStrides, BLOCK_ROWS],
      count * Math.ceil(M / BLOCK_ROWS),
      2 * Math.min(M, BLOCK_ROWS) * K * N,
    );
  };
}
