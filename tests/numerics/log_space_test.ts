import { assertAlmostEquals, assertEquals } from "@std/assert";
import { log1mExp, logSumExp } from "../../src/numerics/log_space.ts";

Deno.test("log1mExp() keeps its digits next to 0 and far from it", () => {
  // 1 − e^−ε = ε − ε²/2 + …
  assertAlmostEquals(log1mExp(-1e-12), Math.log(1e-12), 1e-11);
  assertAlmostEquals(log1mExp(-40) / -Math.exp(-40), 1, 1e-12);
  assertAlmostEquals(log1mExp(-Math.LN2), -Math.LN2, 1e-15);
});

Deno.test("log1mExp() takes its limits at 0 and at −∞", () => {
  assertEquals(log1mExp(0), -Infinity);
  assertEquals(log1mExp(-Infinity), 0);
});

Deno.test("logSumExp() neither overflows nor underflows", () => {
  assertAlmostEquals(logSumExp([900, 900, 900]), 900 + Math.log(3), 1e-12);
  assertAlmostEquals(logSumExp([-900, -900 + Math.log(3)]), -900 + Math.log(4), 1e-12);
});

Deno.test("logSumExp() ignores what has no mass and is −∞ when nothing has", () => {
  assertEquals(logSumExp([-Infinity, 2]), 2);
  assertEquals(logSumExp([-Infinity, -Infinity]), -Infinity);
});
