import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { holm } from "../../src/evaluate/holm.ts";

Deno.test("holm() corrects a family worked by hand", () => {
  // Ascending 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04, which may not fall: 0.06.
  const corrected = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((p, at) => assertAlmostEquals(corrected[at]!, p, 1e-12));
});

Deno.test("holm() of one is itself, of none is none, and nothing passes 1", () => {
  assertEquals(holm([0.2]), [0.2]);
  assertEquals(holm([]), []);
  assertEquals(holm([0.6, 0.9]), [1, 1]);
});

Deno.test("holm() rejects at 5 % what the step-down procedure rejects", () => {
  const family = fc.array(fc.double({ min: 0, max: 0.1, noNaN: true }), { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(family, (p) => {
    const ascending = p.toSorted((a, b) => a - b);
    const kept = ascending.findIndex((value, rank) => (p.length - rank) * value >= 0.05);
    const rejected = kept < 0 ? p.length : kept;
    assertEquals(holm(p).filter((value) => value < 0.05).length, rejected);
  }));
});
