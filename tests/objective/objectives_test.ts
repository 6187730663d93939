import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { backward } from "../../src/objective/backward.ts";
import { distill } from "../../src/objective/distill.ts";
import { jeffreys } from "../../src/objective/jeffreys.ts";
import { updateSignal } from "../../src/objective/gauges.ts";
import type { ObjectiveInput } from "../../src/objective/objective.ts";
import { createEvidence } from "../../src/target/evidence.ts";
import { weighRollouts } from "../../src/target/weigh_rollouts.ts";

function input(
  groupSize: number,
  logDensityRatio: number[],
  more: Partial<ObjectiveInput> = {},
): ObjectiveInput {
  const rows = logDensityRatio.length;
  return {
    groupSize,
    reward: Float64Array.from(logDensityRatio),
    logDensityRatio: Float64Array.from(logDensityRatio),
    baseline: new Float64Array(rows),
    policyLogProb: new Float64Array(rows).fill(-3),
    anchorLogProb: null,
    ...more,
  };
}

Deno.test("distill anchored at the policy gives each rollout (ρ̂ − 1)/G, context by context", () => {
  const c = distill().coefficients(input(2, [Math.log(3), Math.log(0.5), 0, Math.log(2)]));
  [1, -0.25, 0, 0.5].forEach((value, row) => assertAlmostEquals(c[row]!, value, 1e-14));
});

Deno.test("distill anchored elsewhere weighs by ρ̂ π_anchor/π, normalised in the group", () => {
  const c = distill().coefficients(input(2, [Math.log(3), 0], {
    policyLogProb: Float64Array.of(-1, -2),
    anchorLogProb: Float64Array.of(-1 - Math.log(3), -2 + Math.log(3)),
  }));
  // Weights 3/3 and 1·3: shares 1/4 and 3/4.
  assertAlmostEquals(c[0]!, -1 / 4, 1e-14);
  assertAlmostEquals(c[1]!, 1 / 4, 1e-14);
});

Deno.test("distill anchored elsewhere stays finite when policy and anchor are far apart", () => {
  const c = distill().coefficients(input(2, [0, 0], {
    policyLogProb: Float64Array.of(-2000, -1),
    anchorLogProb: Float64Array.of(-1, -2000),
  }));
  assertEquals([...c], [0.5, -0.5]);
});

Deno.test("One rollout alone teaches: better than its history up, worse down", () => {
  const evidence = createEvidence({ prior: [0, 0.5, 1], priorStrength: 6 });
  for (const objective of [distill(), backward(), jeffreys({ beta: 0.5 })]) {
    const coefficient = (reward: number) => {
      const { logDensityRatio, groupBaseline } = weighRollouts(evidence, [reward], { n: 4 });
      return objective.coefficients(input(1, [...logDensityRatio], { baseline: groupBaseline }))[0]!;
    };
    assert(coefficient(2) > 0, objective.name);
    assert(coefficient(-1) < 0, objective.name);
  }
});

Deno.test("A group that ties above its history teaches distill, though its spread is nothing", () => {
  const evidence = createEvidence({ prior: [0, 0, 0, 0], priorStrength: 4 });
  const { logDensityRatio } = weighRollouts(evidence, [1, 1, 1], { n: 4 });
  const c = distill().coefficients(input(3, [...logDensityRatio]));
  assert(c.every((value) => value > 0.1));
  assert(updateSignal(c) > 0.1);
});

Deno.test("A group that ties with all of its history teaches nobody anything", () => {
  const evidence = createEvidence({ prior: [1, 1], priorStrength: 4 });
  const { logDensityRatio, groupBaseline } = weighRollouts(evidence, [1, 1, 1], { n: 4 });
  for (const objective of [distill(), backward(), jeffreys({ beta: 0.5 })]) {
    const c = objective.coefficients(input(3, [...logDensityRatio], { baseline: groupBaseline }));
    assert(updateSignal(c) < 1e-12, objective.name);
  }
});

Deno.test("backward takes the drift from the anchor against the others' mean", () => {
  const c = backward().coefficients(input(3, [1, 2, 6], {
    baseline: Float64Array.of(4, 3.5, 1.5),
    policyLogProb: Float64Array.of(-1, -2, -3),
    anchorLogProb: Float64Array.of(-2, -2, -5),
  }));
  // a = 1, 0, 2: less the mean of the others 0, −1.5, 1.5
  [(1 - 4 - 0) / 3, (2 - 3.5 + 1.5) / 3, (6 - 1.5 - 1.5) / 3].forEach((value, row) =>
    assertAlmostEquals(c[row]!, value, 1e-14)
  );
});

Deno.test("backward gives the first step of learning by policy gradient a sum of zero, if nothing drifted", () => {
  const c = backward().coefficients(input(2, [1, -5], {
    baseline: Float64Array.of(-5, 1),
    anchorLogProb: new Float64Array(2).fill(-3),
  }));
  assertEquals([...c], [3, -3]);
});

Deno.test("The floor of backward bounds what one hopeless slate can do", () => {
  const hopeless = input(2, [0, -700], { baseline: Float64Array.of(-700, 0) });
  assertEquals([...backward({ floor: -4 }).coefficients(hopeless)], [2, -2]);
});

Deno.test("jeffreys ends in distill at β = 0 and in backward at β = 1", () => {
  const some = input(2, [0.5, -1], { baseline: Float64Array.of(-1, 0.5) });
  assertEquals(jeffreys({ beta: 0 }).coefficients(some), distill().coefficients(some));
  assertEquals(jeffreys({ beta: 1 }).coefficients(some), backward().coefficients(some));
  assertThrows(() => jeffreys({ beta: 1.5 }), BladeError, "between 0 and 1");
  assertThrows(() => jeffreys({ beta: -0.5 }), BladeError, "between 0 and 1");
  assertThrows(() => jeffreys({ beta: NaN }), BladeError, "align.beta");
});

Deno.test("A slate without a reward gets 0, and leaves the others what they had", () => {
  const gap = input(3, [Math.log(3), NaN, Math.log(0.5)], { baseline: Float64Array.of(0.1, NaN, 0.2) });
  assertEquals([...distill().coefficients(gap)].map((c) => Math.round(c * 1e9) / 1e9), [
    0.666666667,
    0,
    -0.166666667,
  ]);
  const anchored = { ...gap, anchorLogProb: new Float64Array(3).fill(-3) };
  for (const objective of [distill(), backward(), jeffreys({ beta: 0.5 })]) {
    for (const each of [gap, anchored]) {
      const c = objective.coefficients(each);
      assertEquals(c[1], 0, objective.name);
      assert(c.every(Number.isFinite), objective.name);
    }
  }
  const centred = distill().coefficients(anchored);
  assertAlmostEquals(centred[0]! + centred[2]!, 0, 1e-14);
});

Deno.test("A group without any reward gets nothing but zeros", () => {
  for (const objective of [distill(), backward(), jeffreys({ beta: 0.5 })]) {
    const none = input(2, [NaN, NaN, 1, 0], { baseline: Float64Array.of(NaN, NaN, 0, 1) });
    assertEquals([...objective.coefficients(none).slice(0, 2)], [0, 0]);
  }
});

Deno.test("Rows that do not make whole groups are refused", () => {
  assertThrows(() => distill().coefficients(input(2, [0, 0, 0])), RangeError, "divide 3 rows");
});

Deno.test("Groups of less than one slate are refused, whatever they divide", () => {
  for (const groupSize of [0.5, 0, -1, NaN]) {
    assertThrows(() => distill().coefficients(input(groupSize, [0, 0, 0])), RangeError, "divide 3 rows");
  }
});
