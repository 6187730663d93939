import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import cephes from "cephes";
import fc from "fast-check";
import { digammaDifference, logBetaMoment } from "../../src/numerics/gamma_differences.ts";

function assertRelative(actual: number, expected: number, tolerance: number) {
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), Number.MIN_VALUE);
  assert(error <= tolerance, `${actual} is not ${expected}: relative error ${error}`);
}

/** Positive numbers over many magnitudes. */
const positive = (from: number, to: number) =>
  fc.double({ min: Math.log10(from), max: Math.log10(to), noNaN: true }).map((exponent) => 10 ** exponent);
const exponent = fc.double({ min: 1, max: 100, noNaN: true });

Deno.test("The moments of a uniform variable are 1/(n+1)", () => {
  for (const n of [1, 2, 5, 63]) assertRelative(logBetaMoment(1, 1, n), -Math.log(n + 1), 1e-14);
});

Deno.test("The moments of the degenerate Beta distributions are those of 0 and of 1", () => {
  assertEquals(logBetaMoment(0, 3, 4), -Infinity);
  assertEquals(logBetaMoment(3, 0, 4), 0);
});

Deno.test("The Beta moment agrees with the library's log-gamma where that keeps its digits", () => {
  fc.assert(fc.property(positive(0.1, 20), positive(0.1, 20), exponent, (a, b, n) => {
    const expected = cephes.lgam(a + n) - cephes.lgam(a) - cephes.lgam(a + b + n) + cephes.lgam(a + b);
    assertAlmostEquals(logBetaMoment(a, b, n), expected, 1e-11);
  }));
});

Deno.test("The Beta moment is exact to 1e-12 at a weight of a million and beyond, for any n", () => {
  // For whole b it is Π (a+i)/(a+n+i), i < b: no special function, and every factor's logarithm is accurate.
  fc.assert(fc.property(positive(1e-9, 1e9), fc.integer({ min: 1, max: 60 }), exponent, (a, b, n) => {
    let expected = 0;
    for (let i = 0; i < b; i++) expected -= Math.log1p(n / (a + i));
    assertRelative(logBetaMoment(a, b, n), expected, 1e-12);
  }));
});

Deno.test("The Beta moment is exact to 1e-12 when what lies above is tiny or huge, for whole n", () => {
  fc.assert(
    fc.property(positive(1e-9, 1e9), positive(1e-9, 1e9), fc.integer({ min: 1, max: 60 }), (a, b, n) => {
      // For whole n it is Π (a+i)/(a+b+i), i < n.
      let expected = 0;
      for (let i = 0; i < n; i++) {
        expected += b < a + i ? Math.log1p(-b / (a + b + i)) : Math.log((a + i) / (a + b + i));
      }
      assertRelative(logBetaMoment(a, b, n), expected, 1e-12);
    }),
  );
});

Deno.test("The Beta moment of n + 1 is that of n times (a+n)/(a+b+n), also between whole numbers", () => {
  fc.assert(fc.property(positive(1e-6, 1e6), positive(1e-6, 1e6), exponent, (a, b, n) => {
    const step = b < a + n ? Math.log1p(-b / (a + b + n)) : Math.log((a + n) / (a + b + n));
    const expected = logBetaMoment(a, b, n) + step;
    assertRelative(logBetaMoment(a, b, n + 1), expected, 1e-12);
  }));
});

Deno.test("The digamma difference is the sum of reciprocals for whole n, from 1e-9 to 1e9", () => {
  fc.assert(fc.property(positive(1e-9, 1e9), fc.integer({ min: 1, max: 100 }), (x, n) => {
    let expected = 0;
    for (let i = n - 1; i >= 0; i--) expected += 1 / (x + i);
    assertRelative(digammaDifference(x, n), expected, 1e-13);
  }));
});

Deno.test("The digamma difference agrees with the library's digamma for any n", () => {
  fc.assert(fc.property(positive(1e-6, 100), exponent, (x, n) => {
    assertRelative(digammaDifference(x, n), cephes.psi(x + n) - cephes.psi(x), 1e-12);
  }));
});

Deno.test("The digamma difference is the slope of the Beta moment in its first weight", () => {
  // log m_n(x, ε) = log Γ(x+n) − log Γ(x) − (the same at x + ε) → −ε (ψ(x+n) − ψ(x))
  for (const x of [1e-3, 1, 30, 1e6]) {
    const epsilon = x * 1e-9;
    assertRelative(-logBetaMoment(x, epsilon, 7.5) / epsilon, digammaDifference(x, 7.5), 1e-8);
  }
});
