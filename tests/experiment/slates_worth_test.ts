import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { slatesWorth } from "../../src/experiment/slates_worth.ts";

const ORACLES = [{ n: 8, mean: 0.5 }, { n: 1, mean: 0.2 }, { n: 2, mean: 0.4 }];

Deno.test("a level between two oracles is worth an n between theirs, evenly over log n", () => {
  assertAlmostEquals(slatesWorth(0.3, ORACLES)!, Math.SQRT2, 1e-12);
  assertAlmostEquals(slatesWorth(0.45, ORACLES)!, 4, 1e-12);
});

Deno.test("an oracle's own level is worth its n, and what lies outside the nearest one", () => {
  assertEquals([0.2, 0.4, 0.5].map((level) => slatesWorth(level, ORACLES)), [1, 2, 8]);
  assertEquals([0, 0.9].map((level) => slatesWorth(level, ORACLES)), [1, 8]);
});

Deno.test("one oracle measures nothing", () => {
  assertEquals([slatesWorth(0.3, []), slatesWorth(0.3, ORACLES.slice(0, 1))], [null, null]);
});

Deno.test("a higher level is never worth less", () => {
  const level = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(level, level, (one, other) => {
    const [low, high] = [Math.min(one, other), Math.max(one, other)];
    return slatesWorth(low, ORACLES)! <= slatesWorth(high, ORACLES)! + 1e-12;
  }));
});
