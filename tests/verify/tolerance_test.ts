import { assertEquals } from "@std/assert";
import type { Result } from "../../src/core/results.ts";
import { promised } from "../../src/verify/promise.ts";
import { sameResult, sameStep } from "../../src/verify/tolerance.ts";

Deno.test("numbers of a step agree within a thousandth of the larger and a thousandth", () => {
  assertEquals(
    [[1000, 1000.9], [1000, 1002], [0, 0.0009], [0, 0.0011], [-1, 1]].map(([a, b]) => sameStep(a!, b!)),
    [
      true,
      false,
      true,
      false,
      false,
    ],
  );
});

Deno.test("means agree within the interval of the run that is verified, or to a thousandth; none only with none", () => {
  const of = (mean: number | null, interval95: Result["interval95"]): Result => ({
    system: "aligned",
    metric: "mrr",
    split: "test",
    mean,
    interval95,
    contexts: 9,
    undefined: 0,
  });
  const recorded = of(0.5, [0.4, 0.6]);
  const found = (mean: number | null) => sameResult(recorded, of(mean, [0, 1]));
  assertEquals([0.4, 0.6, 0.39, 0.61, null].map(found), [true, true, false, false, false]);
  assertEquals([0.5009, 0.502].map((mean) => sameResult(of(0.5, null), of(mean, null))), [true, false]);
  assertEquals(sameResult(of(null, null), of(null, null)), true);
});

Deno.test("bits are promised anywhere on wasm and cpu, and elsewhere as long as what computes is the same", () => {
  const facts = { deno: "2.9.6", tfjs: "4.22.0", adapter: "one", threads: 1 };
  const by = (backend: string, change: object) =>
    promised({ ...facts, backend }, { ...facts, backend, ...change }).by;
  for (const backend of ["cpu", "wasm"]) assertEquals(by(backend, { adapter: "other", threads: 4 }), "bits");
  assertEquals(by("webgpu", { threads: 4 }), "bits");
  assertEquals(by("webgpu", { adapter: "other" }), "tolerance");
  assertEquals([by("native", {}), by("native", { threads: 4 }), by("native", { adapter: "other" })], [
    "bits",
    "tolerance",
    "tolerance",
  ]);
});
