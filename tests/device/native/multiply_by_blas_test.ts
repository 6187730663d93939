import { assertEquals, assertThrows } from "@std/assert";
import { multiplyByBlas } from "../../../src/device/native/multiply_by_blas.ts";
import type { ProductBatch } from "../../../src/device/wasm/multiply_batch.ts";
import { jsBlas } from "./js_blas.ts";

const AT = { a: 4096, b: 8 << 16, c: 16 << 16 };

/** What the library and the project's own kernel were asked for, and C as numbers. */
function asked(
  batch: Omit<ProductBatch, "a" | "b" | "c">,
  { batches = false, threads = 1, a, b }: {
    batches?: boolean;
    threads?: number;
    a?: (i: number) => number;
    b?: (i: number) => number;
  } = {},
): { calls: string[]; c: Float32Array } {
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 64, shared: true });
  const floats = (at: number) => new Float32Array(memory.buffer, at);
  const { M, K, N, count } = batch;
  for (let i = 0; i < M * K * count; i++) floats(AT.a)[i] = a?.(i) ?? 1;
  for (let i = 0; i < K * N * count; i++) floats(AT.b)[i] = b?.(i) ?? 1;
  const blas = jsBlas({ batches });
  const own = ({ count, M, K, N }: ProductBatch) => void blas.calls.push(`own ${count} of ${M}×${K}×${N}`);
  multiplyByBlas(blas, { memory, own, threads })({ ...batch, ...AT });
  return { calls: blas.calls, c: floats(AT.c).slice(0, M * N * count) };
}

const PLAIN = { transposeA: false, transposeB: false, aBatch: 0, bBatch: 0, count: 1 };
const SMALL = { ...PLAIN, M: 16, K: 16, N: 16, aBatch: 256, bBatch: 256, count: 3 };

Deno.test("a product goes to the library, one of fewer than about 1,900 operations stays", () => {
  assertEquals(asked({ ...PLAIN, M: 32, K: 8, N: 16 }).calls, ["sgemm 32×8×16"]);
  assertEquals(asked({ ...PLAIN, M: 10, K: 10, N: 10 }).calls, ["sgemm 10×10×10"]); // 2000
  assertEquals(asked({ ...PLAIN, M: 10, K: 9, N: 10 }).calls, ["own 1 of 10×9×10"]); // 1800
});

Deno.test("a product over nothing, or of no rows, stays: a BLAS would refuse a row of length 0", () => {
  assertEquals(asked({ ...PLAIN, M: 200, K: 0, N: 300 }).calls, ["own 1 of 200×0×300"]);
  assertEquals(asked({ ...PLAIN, M: 0, K: 200, N: 300 }).calls, ["own 1 of 0×200×300"]);
});

Deno.test("a batch with one B is one tall product, and right", () => {
  const { calls, c } = asked({ ...SMALL, bBatch: 0 }, { a: (i) => Math.floor(i / 16), b: (i) => i % 16 });
  assertEquals(calls, ["sgemm 48×16×16"]);
  // Row i of A is i throughout, column j of B is j: C is 16·i·j.
  assertEquals([c[0], c[17], c[16 * 47 + 15]], [0, 16, 16 * 47 * 15]);
});

Deno.test("a batch with one B and transposed A is no tall product", () => {
  assertEquals(asked({ ...SMALL, bBatch: 0, transposeA: true }).calls, Array(3).fill("sgemm 16×16×16"));
});

Deno.test("a batch goes product by product, each to its own place", () => {
  const { calls, c } = asked(SMALL, { a: (i) => Math.floor(i / 256) + 1, b: (i) => Math.floor(i / 256) + 1 });
  assertEquals(calls, Array(3).fill("sgemm 16×16×16"));
  assertEquals([c[0], c[255], c[256], c[512], c[767]], [16, 16, 64, 144, 144]);
});

Deno.test("a batch goes in one call where the library takes it, with the same numbers", () => {
  const numbers = { a: (i: number) => i % 7, b: (i: number) => i % 5 };
  const batch = { ...SMALL, transposeA: true, transposeB: true };
  const inOneGo = asked(batch, { ...numbers, batches: true });
  assertEquals(inOneGo.calls, ["3 of sgemm 16×16×16"]);
  assertEquals(inOneGo.c, asked(batch, numbers).c);
});

Deno.test("a batch with one A has it in every product", () => {
  const { c } = asked({ ...SMALL, aBatch: 0 }, {
    a: (i) => i < 256 ? 1 : 1000,
    b: (i) => Math.floor(i / 256),
  });
  assertEquals([c[0], c[256], c[512]], [0, 16, 32]);
});

Deno.test("a large batch of small products stays where several threads can share it, and goes where one cannot", () => {
  const attention = { ...PLAIN, M: 32, K: 32, N: 32, aBatch: 1024, bBatch: 1024, count: 64 };
  assertEquals(asked(attention, { threads: 8 }).calls, ["own 64 of 32×32×32"]);
  assertEquals(asked(attention, { threads: 1 }).calls.length, 64);
  assertEquals(asked(attention, { threads: 8, batches: true }).calls, ["64 of sgemm 32×32×32"]);
});

Deno.test("a size beyond 31 bits is refused, not wrapped", () => {
  const huge = { ...PLAIN, ...AT, M: 2 ** 31, K: 1, N: 2 };
  const memory = new WebAssembly.Memory({ initial: 1 });
  const multiply = multiplyByBlas(jsBlas(), { memory, own: () => {}, threads: 1 });
  assertThrows(() => multiply(huge), RangeError, "counts to 2147483647, got 2147483648");
});
