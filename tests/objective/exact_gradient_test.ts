/**
 * The losses against the divergences that they stand for: a Plackett-Luce policy over four items and slates of two,
 * small enough to sum over every slate, and every group of two, instead of sampling.
 */
import { assertAlmostEquals, assertGreater } from "@std/assert";
import { bestOfNDensityRatio } from "../../src/target/best_of_n.ts";
import { backward } from "../../src/objective/backward.ts";
import { distill } from "../../src/objective/distill.ts";
import { jeffreys } from "../../src/objective/jeffreys.ts";
import type { Objective } from "../../src/objective/objective.ts";
import { allSlates, slateLogProb } from "../target/tabular.ts";

const ITEMS = 4;
const SLATES = allSlates(ITEMS, 2);
const SCORES = Float64Array.of(0.3, -0.7, 0.9, 0.1);
const ANCHOR_SCORES = Float64Array.of(-0.2, 0.4, 0.5, -0.6);
const REWARDS = [0, 1, 1, 2, 0.5, 0.5, 3, 0, 2, 1.5, 0, 2.5];

const logProbs = (scores: Float64Array) => Float64Array.from(SLATES, (slate) => slateLogProb(scores, slate));
const POLICY = logProbs(SCORES);
const ANCHOR = logProbs(ANCHOR_SCORES);
const OMEGA = Float64Array.from(
  bestOfNDensityRatio(normalised(POLICY), REWARDS, 3),
  (ratio) => Math.log(ratio),
);

/** Probabilities that sum to 1 to the last digits. */
function normalised(logWeights: Float64Array): number[] {
  const weights = Array.from(logWeights, Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** T ∝ π_anchor · ρ̂, over all slates. */
function targetFrom(anchor: Float64Array): number[] {
  return normalised(anchor.map((value, y) => value + OMEGA[y]!));
}

function kl(p: readonly number[], q: readonly number[]): number {
  return p.reduce((sum, value, y) => sum + value * Math.log(value / q[y]!), 0);
}

/** Central differences of a divergence in the scores of the policy. */
function slope(divergence: (policy: number[]) => number): number[] {
  return Array.from(SCORES, (_, i) => {
    const at = (shift: number) => divergence(normalised(logProbs(SCORES.with(i, SCORES[i]! + shift))));
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });
}

/** Exact mean of the loss's gradient over every possible group of the policy. */
function expectedGradient(
  objective: Objective,
  groupSize: 1 | 2,
  anchored: boolean,
  baseline: (row: number, others: readonly number[]) => number,
): number[] {
  const probability = normalised(POLICY);
  const groups = groupSize === 1
    ? SLATES.map((_, y) => [y])
    : SLATES.flatMap((_, y) => SLATES.map((_, other) => [y, other]));
  const gradient = new Float64Array(ITEMS);
  for (const group of groups) {
    const c = objective.coefficients({
      groupSize,
      reward: Float64Array.from(group, (y) => REWARDS[y]!),
      logDensityRatio: Float64Array.from(group, (y) => OMEGA[y]!),
      baseline: Float64Array.from(group, (y, j) => baseline(y, group.filter((_, k) => k !== j))),
      policyLogProb: Float64Array.from(group, (y) => POLICY[y]!),
      anchorLogProb: anchored ? Float64Array.from(group, (y) => ANCHOR[y]!) : null,
    });
    const mass = group.reduce((product, y) => product * probability[y]!, 1);
    group.forEach((y, j) => slateLogProb(SCORES, SLATES[y]!, gradient, -mass * c[j]!));
  }
  return [...gradient];
}

function assertGradient(actual: readonly number[], expected: readonly number[]) {
  assertGreater(Math.hypot(...expected), 0.05, "a gradient of nothing proves nothing");
  actual.forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-8));
}

const meanOfOthers = (_: number, others: readonly number[]) =>
  others.length === 0 ? 0 : others.reduce((sum, y) => sum + OMEGA[y]!, 0) / others.length;

for (const groupSize of [1, 2] as const) {
  Deno.test(`distill anchored at the policy descends KL(T‖π), rollouts per context: ${groupSize}`, () => {
    const target = targetFrom(POLICY);
    const expected = slope((policy) => kl(target, policy));
    assertGradient(expectedGradient(distill(), groupSize, false, meanOfOthers), expected);
  });

  Deno.test(`backward anchored elsewhere descends KL(π‖T), rollouts per context: ${groupSize}`, () => {
    const target = targetFrom(ANCHOR);
    const expected = slope((policy) => kl(policy, target));
    assertGradient(expectedGradient(backward(), groupSize, true, meanOfOthers), expected);
  });

  Deno.test(`backward anchored at the policy descends KL(π‖T) at T as it is now, rollouts: ${groupSize}`, () => {
    const target = targetFrom(POLICY);
    const expected = slope((policy) => kl(policy, target));
    assertGradient(expectedGradient(backward(), groupSize, false, meanOfOthers), expected);
  });

  Deno.test(`jeffreys descends its mixture of the two divergences, rollouts per context: ${groupSize}`, () => {
    const target = targetFrom(POLICY);
    const expected = slope((policy) => 0.3 * kl(target, policy) + 0.7 * kl(policy, target));
    assertGradient(expectedGradient(jeffreys({ beta: 0.7 }), groupSize, false, meanOfOthers), expected);
  });
}

Deno.test("A baseline that does not see its rollout leaves the expected gradient alone, whatever it is", () => {
  const plain = expectedGradient(backward(), 2, true, () => 0);
  const odd = expectedGradient(backward(), 2, true, (_, [other]) => 3 * REWARDS[other!]! - 7);
  odd.forEach((value, i) => assertAlmostEquals(value, plain[i]!, 1e-10));
});

Deno.test("The 1 of distill leaves the expected gradient alone: it is the mean of the bare weights", () => {
  const bare: Objective = {
    name: "bare",
    coefficients: ({ logDensityRatio, groupSize }) => logDensityRatio.map((w) => Math.exp(w) / groupSize),
  };
  const centred = expectedGradient(distill(), 2, false, meanOfOthers);
  expectedGradient(bare, 2, false, meanOfOthers).forEach((value, i) =>
    assertAlmostEquals(centred[i]!, value, 1e-12)
  );
});

Deno.test("distill anchored elsewhere pulls by T − π where the group holds every slate as often as π draws it", () => {
  // Five slates drawn 1, 2, 2, 3 and 8 times in 16: the group is the policy, so its weights are the target.
  const counts = [1, 2, 2, 3, 8];
  const group = counts.flatMap((count, y) => new Array<number>(count).fill(y));
  const anchor = normalised(Float64Array.of(0.3, -0.2, 0.1, 0.9, -1));
  const c = distill().coefficients({
    groupSize: 16,
    reward: Float64Array.from(group, (y) => REWARDS[y]!),
    logDensityRatio: Float64Array.from(group, (y) => OMEGA[y]!),
    baseline: new Float64Array(16),
    policyLogProb: Float64Array.from(group, (y) => Math.log(counts[y]! / 16)),
    anchorLogProb: Float64Array.from(group, (y) => Math.log(anchor[y]!)),
  });
  const target = normalised(Float64Array.from(anchor, (p, y) => Math.log(p) + OMEGA[y]!));
  counts.forEach((count, y) => {
    const pull = c.reduce((sum, value, j) => sum + (group[j] === y ? value : 0), 0);
    assertAlmostEquals(pull, target[y]! - count / 16, 1e-12);
  });
});
