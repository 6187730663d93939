import { type MatrixProducts, openWasm } from "../wasm/open_wasm.ts";
import type { Blas } from "./blas.ts";
import { multiplyByBlas } from "./multiply_by_blas.ts";

/**
 * Makes the wasm backend the current one, with its matrix products done by a BLAS library. Both get this many threads,
 * which take turns.
 */
export async function openNative(
  blas: Blas,
  threads: number,
): Promise<{ threads: number; shortfall: string | null }> {
  blas.setThreads?.(threads);
  const products: MatrixProducts = {
    on: (memory, own) => multiplyByBlas(blas, { memory, own, threads }),
    release: () => blas.setThreads?.(1),
  };
  return await openWasm(threads, products);
}
