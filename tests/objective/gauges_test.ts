import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { entropyPerItem, klFromReference, klToReference, updateSignal } from "../../src/objective/gauges.ts";

Deno.test("The gauges of nothing are 0", () => {
  const none = new Float64Array(0);
  assertEquals([updateSignal(none), entropyPerItem(none, 0)], [0, 0]);
  assertEquals([klToReference(none, none), klFromReference(none, none)], [0, 0]);
});

Deno.test("klToReference() has for its mean the divergence of the two policies, and is never negative", () => {
  const [policy, reference] = [[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]];
  // Each outcome as often as the policy draws it, out of ten.
  const drawn = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2];
  const logs = (p: number[]) => Float64Array.from(drawn, (i) => Math.log(p[i]!));
  const exact = policy.reduce((sum, p, i) => sum + p * Math.log(p / reference[i]!), 0);
  assertAlmostEquals(klToReference(logs(policy), logs(reference)), exact, 1e-14);
  assertEquals(klToReference(Float64Array.of(-1), Float64Array.of(-2)) > 0, true);
  assertEquals(klToReference(Float64Array.of(-2), Float64Array.of(-1)) > 0, true);
});

Deno.test("klToReference() keeps its digits when the policies hardly differ", () => {
  // e^d − d − 1 = d²/2 + …
  const value = klToReference(Float64Array.of(0), Float64Array.of(1e-6));
  assertAlmostEquals(value / 5e-13, 1, 1e-3);
});

Deno.test("Policies of different lengths are not compared", () => {
  assertThrows(() => klToReference(new Float64Array(2), new Float64Array(3)), RangeError, "2 and 3");
});

Deno.test("klFromReference() of one slate is w log w − w + 1, and 0 where the policies agree", () => {
  const of = (w: number) => klFromReference(Float64Array.of(Math.log(w)), Float64Array.of(0));
  assertAlmostEquals(of(3), 3 * Math.log(3) - 2, 1e-14);
  assertAlmostEquals(of(0.5), 0.5 * Math.log(0.5) + 0.5, 1e-14);
  assertEquals(of(1), 0);
});
