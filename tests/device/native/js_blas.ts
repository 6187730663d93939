import type { Blas, Floats } from "../../../src/device/native/blas.ts";

/** A BLAS library written out, and what it was asked for. */
export interface JsBlas extends Blas {
  /** One entry per call: "sgemm 4×3×2" by M, K and N, with how many products where it was a batch. */
  readonly calls: string[];
}

/**
 * The definition, in place of a library.
 *
 * @param options.batches whether it takes batches in one call
 */
export function jsBlas({ batches = false } = {}): JsBlas {
  const calls: string[] = [];
  const product: Blas["sgemm"] = (ta, tb, M, N, K, a, lda, b, ldb, c, ldc) => {
    for (let i = 0; i < M; i++) {
      for (let j = 0; j < N; j++) {
        let sum = 0;
        for (let k = 0; k < K; k++) {
          sum += a[ta ? k * lda + i : i * lda + k]! * b[tb ? j * ldb + k : k * ldb + j]!;
        }
        c[i * ldc + j] = sum;
      }
    }
  };
  const from = (floats: Floats, start: number) => floats.subarray(start);
  return {
    path: "written out",
    name: "JavaScript",
    setThreads: null,
    calls,
    sgemm(...job) {
      const [, , M, N, K] = job;
      calls.push(`sgemm ${M}×${K}×${N}`);
      product(...job);
    },
    sgemmBatch: !batches
      ? null
      : (ta, tb, M, N, K, a, lda, aBatch, b, ldb, bBatch, c, ldc, cBatch, count) => {
        calls.push(`${count} of sgemm ${M}×${K}×${N}`);
        for (let i = 0; i < count; i++) {
          const [A, B, C] = [from(a, i * aBatch), from(b, i * bBatch), from(c, i * cBatch)];
          product(ta, tb, M, N, K, A, lda, B, ldb, C, ldc);
        }
      },
  };
}
