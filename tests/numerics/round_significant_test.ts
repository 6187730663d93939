import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { roundSignificant } from "../../src/numerics/round_significant.ts";

Deno.test("roundSignificant() makes equal what only rounding noise tells apart", () => {
  assertNotEquals(0.7 + 0.1, 0.8);
  assertEquals(roundSignificant(0.7 + 0.1), 0.8);
  assertEquals(roundSignificant(1 + 4e-13), 1);
  assertNotEquals(roundSignificant(1 + 1e-11), 1);
});

Deno.test("roundSignificant() leaves infinities, and knows no negative zero", () => {
  assertEquals(roundSignificant(Infinity), Infinity);
  assertEquals(roundSignificant(-Infinity), -Infinity);
  assert(Object.is(roundSignificant(-0), 0));
});

Deno.test("roundSignificant() changes nothing twice and never the order", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(fc.property(number, number, (a, b) => {
    assertEquals(roundSignificant(roundSignificant(a)), roundSignificant(a));
    if (a < b) assert(roundSignificant(a) <= roundSignificant(b));
  }));
});
