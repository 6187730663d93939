import type { Blas, Floats } from "./blas.ts";

/** One that fits no block evenly, and one large enough to be shared between threads. */
const SIZES = [[37, 29, 41], [129, 131, 130]] as const;

/**
 * Multiplies known matrices under every pair of flags: some builds of OpenBLAS compute wrong numbers on processors that
 * came after them. Entries are small whole numbers, so that every order of summing gives the same, and each result is
 * compared as (A·B)·x = A·(B·x), with an x whose whole numbers are too unlike for errors to cancel.
 *
 * @returns null, or the product that came out wrong
 *
 * @example
 * ```ts
 * import { checkBlas } from "./check_blas.ts";
 * import { assertEquals } from "@std/assert";
 * const idle = { path: "", name: "", setThreads: null, sgemm: () => {}, sgemmBatch: null };
 * assertEquals(checkBlas(idle), "[37, 29]·[29, 41]");
 * ```
 */
export function checkBlas(blas: Blas): string | null {
  for (const [M, K, N] of SIZES) {
    const a = wholeNumbers(2 * M * K, 1), b = wholeNumbers(2 * K * N, 2);
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const [lda, ldb] = [transposeA ? M : K, transposeB ? K : N];
        const name = `[${M}, ${K}]${transposeA ? " transposed" : ""}·[${K}, ${N}]${
          transposeB ? " transposed" : ""
        }`;
        const right = (batch: number, c: Floats) =>
          isProduct(
            (i, k) => a[batch * M * K + (transposeA ? k * M + i : i * K + k)]!,
            (k, j) => b[batch * K * N + (transposeB ? j * K + k : k * N + j)]!,
            (i, j) => c[batch * M * N + i * N + j]!,
            [M, K, N],
          );
        const single = new Float32Array(M * N).fill(NaN);
        blas.sgemm(transposeA, transposeB, M, N, K, a, lda, b, ldb, single, N);
        if (!right(0, single)) return name;
        if (blas.sgemmBatch === null) continue;
        const both = new Float32Array(2 * M * N).fill(NaN);
        blas.sgemmBatch(transposeA, transposeB, M, N, K, a, lda, M * K, b, ldb, K * N, both, N, M * N, 2);
        if (!right(0, both) || !right(1, both)) return `two of ${name} at once`;
      }
    }
  }
  return null;
}

type Entry = (row: number, column: number) => number;

function isProduct(a: Entry, b: Entry, c: Entry, [M, K, N]: readonly [number, number, number]): boolean {
  const x = Array.from({ length: N }, (_, j) => scattered(j, 3) % 2 ** 20);
  const times = (matrix: Entry, vector: readonly number[], rows: number) =>
    Array.from({ length: rows }, (_, i) => vector.reduce((sum, value, j) => sum + matrix(i, j) * value, 0));
  const expected = times(a, times(b, x, K), M);
  return times(c, x, M).every((value, i) => value === expected[i]);
}

/** Whole numbers from −3 to 3. */
function wholeNumbers(length: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => scattered(i, seed) % 7 - 3);
}

/** A whole number under 2³² that looks like chance. */
function scattered(index: number, seed: number): number {
  const mixed = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
  return Math.imul(mixed ^ mixed >>> 15, 0x2c1b3c6d) >>> 0;
}
