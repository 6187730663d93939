import type { MultiplyBatch, ProductBatch } from "../wasm/multiply_batch.ts";
import type { Blas } from "./blas.ts";

/** What a CBLAS size can hold. */
const LARGEST = 2 ** 31 - 1;

/**
 * What a product costs in microseconds, one thread each, as measured with OpenBLAS 0.3.21 and AVX-512: a part per call and
 * a part per floating-point operation. They cross at 1,900 operations.
 */
const OWN = { call: 0.04, operation: 1 / 24_000 }, BLAS = { call: 0.1, operation: 1 / 100_000 };
/** Operations from which OpenBLAS shares a product between its threads, and the project's kernel a batch. */
const BLAS_SHARES = 2_000_000, OWN_SHARES = 400_000;

/**
 * Products by a BLAS library, read and written where tfjs has them, transposes as flags. Products with one B in common
 * whose A follow each other are one tall product; others go in one call where the library can, else one by one.
 *
 * @param options.own the project's kernel, which keeps tiny products, batches of small ones that its threads can share, and
 * products over nothing.
 * @param options.threads of both, one where left out
 *
 * @example
 * ```ts
 * import { multiplyByBlas } from "./multiply_by_blas.ts";
 * import { assertEquals } from "@std/assert";
 * const rows: number[] = [];
 * const sgemm = (_ta: boolean, _tb: boolean, M: number) => void rows.push(M);
 * const blas = { path: "", name: "", setThreads: null, sgemm, sgemmBatch: null };
 * const memory = new WebAssembly.Memory({ initial: 16 });
 * const multiply = multiplyByBlas(blas, { memory, own: () => {}, threads: 1 });
 * const sizes = { M: 32, K: 64, N: 64, transposeA: false, transposeB: false, count: 4 };
 * multiply({ ...sizes, a: 0, b: 32_768, c: 65_536, aBatch: 32 * 64, bBatch: 0 });
 * assertEquals(rows, [4 * 32]); // one product of all rows
 * ```
 */
export function multiplyByBlas(
  blas: Blas,
  { memory, own, threads }: { memory: WebAssembly.Memory; own: MultiplyBatch; threads: number },
): MultiplyBatch {
  return (batch) => {
    const tall = joined(batch);
    const { M, K, N, transposeA: ta, transposeB: tb, aBatch, bBatch, count } = tall;
    if (ownIsQuicker(2 * M * K * N, count, threads, blas.sgemmBatch !== null)) return own(batch);
    for (const size of [M, K, N, aBatch, bBatch, M * N]) {
      if (size > LARGEST) throw new RangeError(`Cannot multiply: a BLAS counts to ${LARGEST}, got ${size}`);
    }
    // Asked for at every call: shared memory that grew stays where it was and has a new, longer buffer.
    const { buffer } = memory;
    const at = (start: number, element: number) => new Float32Array(buffer, start + 4 * element);
    const [lda, ldb] = [ta ? M : K, tb ? K : N];
    const { a, b, c } = batch;
    if (count > 1 && blas.sgemmBatch !== null) {
      const [A, B, C] = [at(a, 0), at(b, 0), at(c, 0)];
      blas.sgemmBatch(ta, tb, M, N, K, A, lda, aBatch, B, ldb, bBatch, C, N, M * N, count);
      return;
    }
    for (let i = 0; i < count; i++) {
      blas.sgemm(ta, tb, M, N, K, at(a, i * aBatch), lda, at(b, i * bBatch), ldb, at(c, i * M * N), N);
    }
  };
}

/** The same products as one tall one, where every one uses the same B. */
function joined(batch: ProductBatch): ProductBatch {
  const { M, K, transposeA, aBatch, bBatch, count } = batch;
  if (count === 1 || transposeA || aBatch !== M * K || bBatch !== 0) return batch;
  return { ...batch, M: count * M, aBatch: 0, count: 1 };
}

/** @param operations of one of `count` products */
function ownIsQuicker(operations: number, count: number, threads: number, inOneGo: boolean): boolean {
  // A BLAS refuses a leading dimension of 0.
  if (operations === 0) return true;
  const ownThreads = operations * count > OWN_SHARES ? Math.min(threads, count) : 1;
  const blasThreads = operations > BLAS_SHARES || inOneGo ? threads : 1;
  return (OWN.call + operations * OWN.operation) / ownThreads <
    (BLAS.call + operations * BLAS.operation) / blasThreads;
}
