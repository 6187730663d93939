import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import align from "../../fixtures/golden/align.json" with { type: "json" };
import { BladeError } from "../../src/core/errors.ts";
import { logDensityRatio } from "../../src/target/density_ratio.ts";
import { bestOfNLimits } from "../../src/target/best_of_n.ts";
import { bestOfNDensityRatio } from "../../src/target/weigh_rollouts.ts";

interface Case {
  id: string;
  input: { pi: number[]; policy: number[]; reward: number[]; N: number; beta: number };
  expected: {
    bon: number[];
    classMass: Record<string, number>;
    expectedReward: number;
    kl: number;
    bound: number;
    jeffreys: number;
    L: number;
    minusBackwardKL: number;
  };
  tolerance: number;
}

function golden(id: string): Case {
  const found = (align as unknown as Case[]).find((example) => example.id === id);
  assert(found, `fixtures/golden/align.json has no case ${id}`);
  return found;
}

function bestOfN({ pi, reward, N }: Case["input"]): number[] {
  return bestOfNDensityRatio(pi, reward, N).map((ratio, i) => ratio * pi[i]!);
}

function kl(p: readonly number[], q: readonly number[]): number {
  return p.reduce((sum, value, i) => sum + (value > 0 ? value * Math.log(value / q[i]!) : 0), 0);
}

for (const id of ["bon-ties-N1", "bon-ties-N2", "vbon-noties-N4"]) {
  Deno.test(`Best of N agrees with the enumeration of all N-tuples: ${id}`, () => {
    const { input, expected, tolerance } = golden(id);
    const bon = bestOfN(input);
    bon.forEach((mass, i) => assertAlmostEquals(mass, expected.bon[i]!, tolerance));
    for (const [reward, mass] of Object.entries(expected.classMass ?? {})) {
      const actual = bon.reduce((sum, p, i) => sum + (input.reward[i] === Number(reward) ? p : 0), 0);
      assertAlmostEquals(actual, mass, tolerance);
    }
  });
}

Deno.test("The divergence of best of N from its policy is the known one, and within its bound", () => {
  const { input, expected, tolerance } = golden("bon-kl-bound");
  const divergence = kl(bestOfN(input), input.pi);
  assertAlmostEquals(divergence, expected.kl, tolerance);
  assert(divergence <= Math.log(input.N) - (input.N - 1) / input.N);
});

Deno.test("The Jeffreys divergence to best of N is the known one", () => {
  const { input, expected, tolerance } = golden("bond-jeffreys");
  const bon = bestOfN(input);
  const value = (1 - input.beta) * kl(bon, input.policy) + input.beta * kl(input.policy, bon);
  assertAlmostEquals(value, expected.jeffreys, tolerance);
});

Deno.test("The backward divergence to best of N is the known one", () => {
  const { input, expected, tolerance } = golden("bond-vbon-lower-bound");
  assertAlmostEquals(-kl(input.policy, bestOfN(input)), expected.minusBackwardKL, tolerance);
});

Deno.test("The ratio has mean 1 under the policy and stays below N", () => {
  const outcomes = fc.array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 4 })), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(fc.property(outcomes, fc.double({ min: 1, max: 64, noNaN: true }), (rows, n) => {
    const total = rows.reduce((sum, [mass]) => sum + mass, 0);
    const pi = rows.map(([mass]) => mass / total);
    const ratio = bestOfNDensityRatio(pi, rows.map(([, reward]) => reward), n);
    assertAlmostEquals(ratio.reduce((sum, value, i) => sum + value * pi[i]!, 0), 1, 1e-12);
    ratio.forEach((value) => assert(value <= n + 1e-9));
  }));
});

Deno.test("The belief's ratio goes to the exact one as its evidence grows", () => {
  const [pi, reward] = [[0.1, 0.2, 0.3, 0.15, 0.25], [0, 0, 1, 1, 2]];
  const exact = bestOfNDensityRatio(pi, reward, 3);
  assertAlmostEquals(Math.exp(logDensityRatio(3e7, 4.5e7, 2.5e7, 3)), exact[2]!, 1e-6);
});

Deno.test("An outcome that cannot happen gets the limit N p^(N−1)", () => {
  const ratio = bestOfNDensityRatio([0.5, 0.5, 0], [0, 2, 1], 3);
  assertAlmostEquals(ratio[2]!, 3 * 0.5 ** 2, 1e-15);
});

Deno.test("Rewards that only rounding noise tells apart are ties", () => {
  assertEquals(bestOfNDensityRatio([0.5, 0.5], [0.1 + 0.2, 0.3], 4), [1, 1]);
});

Deno.test("What is no distribution, no reward or no N is refused with what to do", () => {
  assertThrows(() => bestOfNDensityRatio([0.5, 0.6], [0, 1], 2), BladeError, "sum to 1");
  assertThrows(() => bestOfNDensityRatio([1.5, -0.5], [0, 1], 2), BladeError, "at least 0");
  assertThrows(() => bestOfNDensityRatio([1], [0, 1], 2), BladeError, "one entry per reward");
  assertThrows(() => bestOfNDensityRatio([0.5, 0.5], [0, NaN], 2), BladeError, "rewards[1]");
  assertThrows(() => bestOfNDensityRatio([0.5, 0.5], [0, 1], 0.5), BladeError, "at least 1");
});

Deno.test("bestOfNLimits() of no whole draw is refused", () => {
  assertThrows(() => bestOfNLimits(0.5), BladeError, "target.n");
});
