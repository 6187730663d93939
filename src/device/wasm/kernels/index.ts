// @ts-nocheck AssemblyScript, checked by its own compiler: `i32`, `usize` and `v128` are not TypeScript's.

/*
 * The hot loops of a training step on 128-bit SIMD, compiled to kernels.wasm by ../build.ts.
 *
 * Every kernel works on pointers into the tfjs backend's memory and ends with `from, to`: the part of the work (rows,
 * tiles or columns) that this call does. Parts are cut by the problem and never by the number of threads, and no part
 * reads what another writes, so the bits are the same for any number of threads.
 *
 * The module owns no memory: no static data, no allocation. `setScratch` gives each thread its packing buffer.
 */

export * from "./matrix_product.ts";
export * from "./rms_norm.ts";
export * from "./softmax.ts";
export * from "./swiglu.ts";
export * from "./rotary.ts";
export * from "./attention.ts";
export * from "./cached_attention.ts";
export * from "./draw.ts";
export * from "./dropout.ts";
export * from "./adamw.ts";
export * from "./rows.ts";
export * from "./catalog.ts";
export * from "./halves.ts";
