import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import golden from "../../fixtures/golden/target.json" with { type: "json" };
import { createEvidence, updateEvidence } from "../../src/target/evidence.ts";
import { weighRollouts } from "../../src/target/weigh_rollouts.ts";
import { bayesianWeighing, weighGroup } from "../../src/target/weigh_group.ts";
import { rewardMass } from "../../src/target/reward_mass.ts";

interface Case {
  id: string;
  prior: number[];
  priorStrength: number;
  rollouts: number[];
  n: number;
  discount?: number;
  expected: {
    densityRatio: number[];
    logDensityRatio: number[];
    groupBaseline?: number[];
    evidenceAfter?: [number, number][];
    sameRewardsAgainstEvidenceAfterAlone?: number[];
  };
}

function assertClose(actual: ArrayLike<number>, expected: readonly number[], what: string) {
  assertEquals(actual.length, expected.length, what);
  expected.forEach((value, i) =>
    assertAlmostEquals(actual[i]!, value, 1e-9 * Math.max(1, Math.abs(value)), `${what}[${i}]`)
  );
}

for (const example of golden.cases as unknown as Case[]) {
  Deno.test(`The target agrees with exact rational arithmetic: ${example.id}`, () => {
    const { expected, n, rollouts } = example;
    const before = createEvidence(example);
    const weights = weighRollouts(before, rollouts, { n });
    assertClose(weights.logDensityRatio, expected.logDensityRatio, "logDensityRatio");
    assertClose(weights.logDensityRatio.map(Math.exp), expected.densityRatio, "densityRatio");
    if (expected.groupBaseline) assertClose(weights.groupBaseline, expected.groupBaseline, "groupBaseline");
    if (expected.evidenceAfter === undefined) return;
    const after = updateEvidence(before, rollouts, { discount: example.discount! });
    assertClose(after.values, expected.evidenceAfter.map(([reward]) => reward), "rewards after");
    assertClose(after.weights, expected.evidenceAfter.map(([, weight]) => weight), "weights after");
    const alone = rollouts.map((reward) =>
      weighGroup([rewardMass(after.values, after.weights)], [reward], bayesianWeighing(n))
        .logDensityRatio[0]!
    );
    assertClose(
      alone.map(Math.exp),
      expected.sameRewardsAgainstEvidenceAfterAlone!,
      "against evidence alone",
    );
  });
}

Deno.test("The golden file holds all of its cases", () => assert(golden.cases.length >= 10));
