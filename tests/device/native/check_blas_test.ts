import { assertEquals } from "@std/assert";
import { checkBlas } from "../../../src/device/native/check_blas.ts";
import { jsBlas } from "./js_blas.ts";

Deno.test("a library that multiplies right passes, with and without batches", () => {
  assertEquals(checkBlas(jsBlas()), null);
  assertEquals(checkBlas(jsBlas({ batches: true })), null);
});

Deno.test("every flag that is not heeded is found", () => {
  const blas = jsBlas();
  const deaf = (a: boolean, b: boolean) =>
    checkBlas({ ...blas, sgemm: (ta, tb, ...rest) => blas.sgemm(ta && !a, tb && !b, ...rest) });
  assertEquals(deaf(true, false), "[37, 29] transposed·[29, 41]");
  assertEquals(deaf(false, true), "[37, 29]·[29, 41] transposed");
});

Deno.test("one wrong number is found, also in large products only", () => {
  const blas = jsBlas();
  const wrong = checkBlas({
    ...blas,
    sgemm(...job) {
      blas.sgemm(...job);
      if (job[2] > 100) job[9][job[2] * job[10] - 1]! += 1;
    },
  });
  assertEquals(wrong, "[129, 131]·[131, 130]");
});

Deno.test("a batch of which the second product is wrong is found", () => {
  const blas = jsBlas({ batches: true });
  const wrong = checkBlas({
    ...blas,
    sgemmBatch: (...job) => blas.sgemmBatch!(...job.with(-1, 1) as typeof job),
  });
  assertEquals(wrong, "two of [37, 29]·[29, 41] at once");
});
