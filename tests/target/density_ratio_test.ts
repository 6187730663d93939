import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { logDensityRatio, staticLogDensityRatio } from "../../src/target/density_ratio.ts";

const weight = fc.double({ min: -9, max: 6, noNaN: true }).map((exponent) => 10 ** exponent);
const bestOf = fc.double({ min: 1, max: 100, noNaN: true });

Deno.test("ρ̂ has mean exactly 1 under the evidence, for any weights and any N", () => {
  fc.assert(fc.property(fc.array(weight, { minLength: 1, maxLength: 40 }), bestOf, (weights, n) => {
    const total = weights.reduce((sum, w) => sum + w, 0);
    let mean = 0;
    weights.forEach((w, i) => {
      const below = weights.slice(0, i).reduce((sum, x) => sum + x, 0);
      const above = weights.slice(i + 1).reduce((sum, x) => sum + x, 0);
      mean += w / total * Math.exp(logDensityRatio(below, w, above, n));
    });
    assertAlmostEquals(mean, 1, 1e-11);
  }));
});

Deno.test("ρ̂ rises with the reward and never passes N", () => {
  fc.assert(fc.property(fc.array(weight, { minLength: 2, maxLength: 20 }), bestOf, (weights, n) => {
    let last = -Infinity;
    for (let i = 0; i < weights.length; i++) {
      const below = weights.slice(0, i).reduce((sum, x) => sum + x, 0);
      const above = weights.slice(i + 1).reduce((sum, x) => sum + x, 0);
      const ratio = logDensityRatio(below, weights[i]!, above, n);
      assert(ratio >= last - 1e-9, `${ratio} after ${last}`);
      assert(ratio <= Math.log(n) + 1e-12);
      last = ratio;
    }
  }));
});

Deno.test("ρ̂ on an atom goes to ρ̂ between atoms as the atom's weight goes to 0", () => {
  for (const [below, above] of [[3, 5], [1e-9, 2], [4e5, 6e5], [7, 0], [0, 6], [0, 0.25]] as const) {
    for (const n of [1.5, 4, 64]) {
      const limit = logDensityRatio(below, 0, above, n);
      const tiny = 1e-12 * (below + above) * (below > 0 ? Math.min(1, below) : 1);
      assertAlmostEquals(logDensityRatio(below, tiny, above, n), limit, 1e-9);
    }
  }
});

Deno.test("ρ̂ between and above atoms is worked by hand for whole N", () => {
  // W = 4, L = 2, N = 2: W · m_2(2, 2) · (1/2 + 1/3) = 4 · (2·3)/(4·5) · 5/6 = 1
  assertAlmostEquals(Math.exp(logDensityRatio(2, 0, 2, 2)), 1, 1e-14);
  // Above everything, W = 3, N = 2: 3 · (1/3 + 1/4) = 7/4
  assertAlmostEquals(Math.exp(logDensityRatio(3, 0, 0, 2)), 7 / 4, 1e-14);
  // Below everything, W = 3, N = 2: 3 · Γ(2)Γ(3)/Γ(5) = 1/4
  assertAlmostEquals(Math.exp(logDensityRatio(0, 0, 3, 2)), 1 / 4, 1e-14);
});

Deno.test("ρ̂ goes to the best-of-N ratio of the true distribution as the evidence grows", () => {
  // p_< = 0.3, p_= = 0.2: (0.5^N − 0.3^N) / 0.2
  const exact = Math.log((0.5 ** 4 - 0.3 ** 4) / 0.2);
  assertAlmostEquals(logDensityRatio(3e8, 2e8, 5e8, 4), exact, 1e-7);
});

Deno.test("The posterior still ranks rewards above everything, by what is known below", () => {
  assert(logDensityRatio(30, 0, 0, 8) > logDensityRatio(3, 0, 0, 8));
});

Deno.test("ρ̂ stays finite at the ends of the number range", () => {
  for (const weights of [[1e-300, 1e-300, 1e-300], [1e12, 1e-12, 1e12], [0, 1e-300, 5], [1e-300, 0, 1e9]]) {
    const ratio = logDensityRatio(weights[0]!, weights[1]!, weights[2]!, 32);
    assert(Number.isFinite(ratio), `${weights}: ${ratio}`);
  }
});

Deno.test("Without evidence, or with N = 1, every ratio is 1", () => {
  assertEquals(logDensityRatio(0, 0, 0, 8), 0);
  fc.assert(fc.property(weight, weight, weight, (a, b, c) => assertEquals(logDensityRatio(a, b, c, 1), 0)));
});

Deno.test("As N comes down to 1 the ratio comes down to 1 without a jump", () => {
  for (const [below, equal, above] of [[2, 1, 3], [2, 0, 3], [0, 0, 3], [2, 0, 0]] as const) {
    assertAlmostEquals(logDensityRatio(below, equal, above, 1 + 1e-10), 0, 1e-8);
  }
});

Deno.test("The static ratio counts ties half, and gives one value to all that beats every slate", () => {
  assertAlmostEquals(staticLogDensityRatio(2, 2, 4, 5), Math.log(5) + 4 * Math.log(3 / 4), 1e-14);
  assertAlmostEquals(staticLogDensityRatio(4, 0, 4, 5), Math.log(5), 1e-14);
  assertAlmostEquals(staticLogDensityRatio(0, 0, 4, 5), Math.log(5) + 4 * Math.log(1 / 8), 1e-14);
});

Deno.test("The static ratio that keeps p_≤ and p_< apart has mean 1 over the reference's slates, ties and all", () => {
  // Rewards 0, 0, 1, 2, 2, 2 of six slates.
  const classes = [[0, 2], [2, 1], [3, 3]] as const;
  for (const n of [1, 2, 3.5, 16]) {
    const mean = classes.reduce(
      (sum, [below, equal]) => sum + equal / 6 * Math.exp(staticLogDensityRatio(below, equal, 6, n, "exact")),
      0,
    );
    assertAlmostEquals(mean, 1, 1e-12);
  }
});

Deno.test("Where nothing ties the three ways to count are one, and above all slates each gives N", () => {
  for (const ties of ["half", "up-to", "exact"] as const) {
    assertAlmostEquals(staticLogDensityRatio(3, 0, 8, 4, ties), Math.log(4 * (3 / 8) ** 3), 1e-14);
    assertAlmostEquals(staticLogDensityRatio(8, 0, 8, 4, ties), Math.log(4), 1e-14);
    // Below all of them half a slate stands for none.
    assertAlmostEquals(staticLogDensityRatio(0, 0, 8, 4, ties), Math.log(4 * (1 / 16) ** 3), 1e-14);
  }
});

Deno.test("staticLogDensityRatio() without a slate of the reference prefers nothing", () => {
  for (const ties of ["half", "up-to", "exact"] as const) {
    assertEquals(staticLogDensityRatio(0, 0, 0, 8, ties), 0, ties);
  }
});
