import type { RuntimeFacts } from "../report/manifest.ts";

/** How closely a repetition has to agree. */
export interface Promised {
  readonly by: "bits" | "tolerance";
  /** Why, in words that follow "because". */
  readonly why: string;
}

/**
 * What a device promises of a repetition: the same bits on cpu and wasm on any machine and with any number of threads,
 * and on webgpu with the same adapter, whose recorded kernels have their sums in a fixed order. BLAS libraries promise
 * nothing, so native agrees to the bit only as long as its library is the same.
 *
 * @example
 * ```ts
 * import { promised } from "./promise.ts";
 * import { assertEquals } from "@std/assert";
 * const wasm = { deno: "2.9.6", tfjs: "4.22.0", backend: "wasm", adapter: "WebAssembly SIMD", threads: 1 };
 * assertEquals(promised(wasm, { ...wasm, threads: 8 }).by, "bits");
 * assertEquals(promised(wasm, { ...wasm, backend: "cpu" }).by, "tolerance");
 * ```
 */
export function promised(recorded: RuntimeFacts, now: RuntimeFacts): Promised {
  const { backend } = recorded;
  if (backend !== now.backend) {
    return { by: "tolerance", why: `the run was made on ${backend} and repeated on ${now.backend}` };
  }
  if (backend === "cpu" || backend === "wasm") {
    return { by: "bits", why: `${backend} gives the same bits anywhere` };
  }
  if (recorded.adapter === now.adapter) {
    return { by: "bits", why: `${backend} is the same, ${now.adapter}` };
  }
  return { by: "tolerance", why: `${backend} was ${recorded.adapter} and is ${now.adapter}` };
}
