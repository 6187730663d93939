import type { RuntimeFacts } from "../report/manifest.ts";

/** How closely a repetition has to agree. */
export interface Promised {
  readonly by: "bits" | "tolerance";
  /** Why, in words that follow "because". */
  readonly why: string;
}

/**
 * What a device promises of a repetition: the same bits on cpu and wasm on any machine and with any number of threads, on
 * webgpu with the same adapter, whose kernels have their sums in a fixed order, and on native with the same BLAS library
 * on as many threads.
 *
 * @example
 * ```ts
 * import { promised } from "./promise.ts";
 * import { assertEquals } from "@std/assert";
 * const wasm = { deno: "2.9.6", tfjs: "4.22.0", backend: "wasm", adapter: "WebAssembly SIMD", threads: 1 };
 * assertEquals(promised(wasm, { ...wasm, threads: 8 }).by, "bits");
 * assertEquals(promised(wasm, { ...wasm, backend: "cpu" }).by, "tolerance");
 * const native = { ...wasm, backend: "native", adapter: "OpenBLAS 0.3.21" };
 * assertEquals(promised(native, { ...native, threads: 2 }).by, "tolerance");
 * ```
 */
export function promised(recorded: RuntimeFacts, now: RuntimeFacts): Promised {
  const { backend } = recorded;
  const byTolerance = (why: string): Promised => ({ by: "tolerance", why });
  if (backend !== now.backend) {
    return byTolerance(`the run was made on ${backend} and repeated on ${now.backend}`);
  }
  if (backend === "cpu" || backend === "wasm") {
    return { by: "bits", why: `${backend} gives the same bits anywhere` };
  }
  if (recorded.adapter !== now.adapter) {
    return byTolerance(`${backend} was ${recorded.adapter} and is ${now.adapter}`);
  }
  if (backend === "native" && recorded.threads !== now.threads) {
    return byTolerance(`native had ${recorded.threads} threads and has ${now.threads}`);
  }
  return { by: "bits", why: `${backend} is the same, ${now.adapter}` };
}
