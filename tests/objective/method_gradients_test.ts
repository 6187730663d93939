/**
 * The methods' coefficients against slopes of the losses written out: a Plackett-Luce policy over four items and slates
 * of two, small enough to sum over every group. Where a loss is of slates that are there already, its own value is
 * differentiated; where it is an expectation under the policy, that expectation is.
 */
import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import {
  type MethodName,
  METHODS,
  type MethodSettings,
  type RoundHalf,
} from "../../src/objective/methods.ts";
import type { Objective, ObjectiveInput } from "../../src/objective/objective.ts";
import { clippedCoefficients, clippedSurrogate } from "../../src/objective/ppo_clip.ts";
import { preferenceLoss } from "../../src/objective/s_dpo.ts";
import { allSlates, slateLogProb } from "../target/tabular.ts";

const ITEMS = 4;
const SLATES = allSlates(ITEMS, 2);
const SCORES = Float64Array.of(0.3, -0.7, 0.9, 0.1);
const ANCHOR_SCORES = Float64Array.of(-0.2, 0.4, 0.5, -0.6);
const REWARDS = [0, 1, 1, 2, 0.5, 0.5, 3, 0, 2, 1.5, 0, 2.5];
const SETTINGS: MethodSettings = {
  groupSize: 4,
  objective: "distill",
  beta: 0.3,
  logRatioFloor: null,
  dpoBeta: 0.7,
  losers: 2,
  sftShare: 0.2,
  bonbonBeta: null,
  maxK: 2,
};

const logProbs = (scores: Float64Array) => Float64Array.from(SLATES, (slate) => slateLogProb(scores, slate));
const POLICY = logProbs(SCORES);
const ANCHOR = logProbs(ANCHOR_SCORES);
const P = [...POLICY].map(Math.exp);
const P_ANCHOR = [...ANCHOR].map(Math.exp);

function objectiveOf(name: MethodName, groupSize: number, half: RoundHalf = "imitate"): Objective {
  return METHODS[name].objective({ ...SETTINGS, groupSize }, half);
}

/** Central differences of a loss in the scores of the policy. */
function slope(loss: (logProb: Float64Array) => number): number[] {
  return Array.from(SCORES, (_, i) => {
    const at = (shift: number) => loss(logProbs(SCORES.with(i, SCORES[i]! + shift)));
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });
}

function inputOf(group: readonly number[], logProb: Float64Array): ObjectiveInput {
  const of = (values: ArrayLike<number>) => Float64Array.from(group, (y) => values[y]!);
  return {
    groupSize: group.length,
    reward: of(REWARDS),
    logDensityRatio: new Float64Array(group.length),
    baseline: new Float64Array(group.length),
    policyLogProb: of(logProb),
    anchorLogProb: of(ANCHOR),
  };
}

/** Gradient of the loss of one group, −Σ_j c_j ∇ℓ_j, added to `gradient` with a weight. */
function addGradient(gradient: Float64Array, group: readonly number[], c: Float64Array, weight: number) {
  group.forEach((y, j) => slateLogProb(SCORES, SLATES[y]!, gradient, -weight * c[j]!));
}

/** Exact mean of the loss's gradient over every group that these distributions draw, place by place. */
function expectedGradient(objective: Objective, drawers: readonly (readonly number[])[]): number[] {
  const gradient = new Float64Array(ITEMS);
  const visit = (group: readonly number[], mass: number) => {
    if (group.length < drawers.length) {
      SLATES.forEach((_, y) => visit([...group, y], mass * drawers[group.length]![y]!));
    } else addGradient(gradient, group, objective.coefficients(inputOf(group, POLICY)), mass);
  };
  visit([], 1);
  return [...gradient];
}

function assertGradient(actual: readonly number[], expected: readonly number[]) {
  assertGreater(Math.hypot(...expected), 0.02, "a gradient of nothing proves nothing");
  actual.forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-7));
}

const VALUED = ["bon-sft", "bonbon", "dpo", "s-dpo", "sprec"] as const;

for (const name of VALUED) {
  Deno.test(`The coefficients of ${name} are the slopes of its loss, on every kind of group`, () => {
    // Rewards 1, 2, 0, 0.5; a tie at the bottom; one slate twice.
    for (const group of [[1, 3, 0, 5], [3, 0, 7, 1], [6, 4, 4, 0]]) {
      for (const half of ["imitate", "self-play"] as const) {
        const objective = objectiveOf(name, 4, half);
        const gradient = new Float64Array(ITEMS);
        addGradient(gradient, group, objective.coefficients(inputOf(group, POLICY)), 1);
        assertGradient([...gradient], slope((logProb) => objective.value!(inputOf(group, logProb))));
      }
    }
  });
}

Deno.test("bon-sft on slates of the reference descends the cross-entropy on best-of-N, on the average", () => {
  // Of three draws the best, of equals the first.
  const cross = (logProb: Float64Array) => {
    let sum = 0;
    SLATES.forEach((_, a) =>
      SLATES.forEach((_, b) =>
        SLATES.forEach((_, c) => {
          const best = [a, b, c].reduce((kept, y) => REWARDS[y]! > REWARDS[kept]! ? y : kept);
          sum -= P_ANCHOR[a]! * P_ANCHOR[b]! * P_ANCHOR[c]! * logProb[best]!;
        })
      )
    );
    return sum;
  };
  assertGradient(expectedGradient(objectiveOf("bon-sft", 3), [P_ANCHOR, P_ANCHOR, P_ANCHOR]), slope(cross));
});

const meanReward = (logProb: Float64Array) =>
  -logProb.reduce((sum, value, y) => sum + Math.exp(value) * REWARDS[y]!, 0);

for (const size of [2, 3]) {
  Deno.test(`rloo climbs the mean reward without bias, and dr-grpo (G − 1)/G of it: rollouts ${size}`, () => {
    const drawers = new Array<number[]>(size).fill(P);
    const exact = slope(meanReward);
    assertGradient(expectedGradient(objectiveOf("rloo", size), drawers), exact);
    assertGradient(
      expectedGradient(objectiveOf("dr-grpo", size), drawers),
      exact.map((value) => value * (size - 1) / size),
    );
  });

  Deno.test(`max@k climbs the expected larger of two rewards without bias: rollouts ${size}`, () => {
    const larger = (logProb: Float64Array) => {
      let sum = 0;
      SLATES.forEach((_, a) =>
        SLATES.forEach((_, b) =>
          sum -= Math.exp(logProb[a]! + logProb[b]!) * Math.max(REWARDS[a]!, REWARDS[b]!)
        )
      );
      return sum;
    };
    assertGradient(
      expectedGradient(objectiveOf("max@k", size), new Array<number[]>(size).fill(P)),
      slope(larger),
    );
  });
}

Deno.test("grpo has dr-grpo's direction, scaled by the spread of the group", () => {
  const group = [1, 3, 0, 5];
  const plain = objectiveOf("dr-grpo", 4).coefficients(inputOf(group, POLICY));
  const scaled = objectiveOf("grpo", 4).coefficients(inputOf(group, POLICY));
  // Rewards 1, 2, 0, 0.5: deviations 1/8, 9/8, −7/8, −3/8 from 7/8.
  const spread = Math.sqrt((1 + 81 + 49 + 9) / 64 / 3);
  plain.forEach((c, j) => assertAlmostEquals(scaled[j]!, c / (spread + 1e-4), 1e-14));
});

for (const size of [3, 4]) {
  Deno.test(`j-bond descends its two divergences at this moment's anchor, without bias: slates ${size}`, () => {
    const beta = SETTINGS.beta;
    const loss = (logProb: Float64Array) => {
      let sum = 0;
      SLATES.forEach((_, one) =>
        SLATES.forEach((_, two) => {
          const mass = P_ANCHOR[one]! * P_ANCHOR[two]!;
          const better = REWARDS[two]! > REWARDS[one]! ? two : one;
          sum -= (1 - beta) * mass * logProb[better]!;
          const least = Math.min(REWARDS[one]!, REWARDS[two]!);
          SLATES.forEach((_, y) => {
            const value = (REWARDS[y]! < least ? -Math.log(16) : 0) - (logProb[y]! - ANCHOR[y]!);
            sum -= beta * mass * Math.exp(logProb[y]!) * value;
          });
        })
      );
      return sum;
    };
    const drawers = [...new Array<number[]>(size - 2).fill(P), P_ANCHOR, P_ANCHOR];
    assertGradient(expectedGradient(objectiveOf("j-bond", size), drawers), slope(loss));
  });
}

Deno.test("The clipped coefficients are the slopes of the clipped surrogate that PPO writes", () => {
  const range = { low: 0.2, high: 0.3 };
  const advantages = Float64Array.from(REWARDS, (reward) => reward - 1.1);
  const { coefficients, clipped } = clippedCoefficients(advantages, POLICY, ANCHOR, range);
  const gradient = new Float64Array(ITEMS);
  addGradient(gradient, SLATES.map((_, y) => y), coefficients, 1);
  const surrogate = (logProb: Float64Array) =>
    -logProb.reduce(
      (sum, value, y) => sum + clippedSurrogate(Math.exp(value - ANCHOR[y]!), advantages[y]!, range),
      0,
    );
  assertGradient([...gradient], slope(surrogate));
  assert(clipped > 0 && clipped < 1, `${clipped} of the slates were clipped`);
});

Deno.test("At the policy that drew the slates the clip changes nothing", () => {
  const advantages = Float64Array.from(REWARDS, (reward) => reward - 1.1);
  const { coefficients, clipped } = clippedCoefficients(advantages, POLICY, POLICY, { low: 0.2, high: 0.2 });
  assertEquals([coefficients, clipped], [advantages, 0]);
});

Deno.test("A ratio that overflows does not reach a slate that teaches nothing", () => {
  const far = Float64Array.of(1e4, -1e4);
  const { coefficients } = clippedCoefficients(Float64Array.of(0, 1), far, new Float64Array(2), {
    low: 0.2,
    high: 0.2,
  });
  assertEquals([...coefficients], [0, 0]);
});

const NAMES = Object.keys(METHODS) as MethodName[];

function plain(reward: readonly number[], groupSize: number): ObjectiveInput {
  const undefinedWhereReward = (value: number) =>
    Float64Array.from(reward, (r) => Number.isNaN(r) ? NaN : value);
  return {
    groupSize,
    reward: Float64Array.from(reward),
    logDensityRatio: undefinedWhereReward(0),
    baseline: undefinedWhereReward(0),
    policyLogProb: Float64Array.from(reward, (_, row) => -3 - row / 7),
    anchorLogProb: Float64Array.from(reward, (_, row) => -3 - row / 7),
  };
}

for (const name of NAMES) {
  for (const half of ["imitate", "self-play"] as const) {
    const objective = objectiveOf(name, 4, half);

    Deno.test(`${name} gives a slate without a reward 0, and a group without any nothing (${half})`, () => {
      const input = plain([2, NaN, 1, 0, NaN, NaN, NaN, NaN], 4);
      const c = objective.coefficients(input);
      assertEquals([c[1], ...c.slice(4)], [0, 0, 0, 0, 0]);
      assert(c.every(Number.isFinite), `${c}`);
      const value = objective.value?.(input) ?? 0;
      assert(Number.isFinite(value));
      // A context without a reward counts as 0 in the mean over contexts.
      const alone = objective.value?.(plain([2, NaN, 1, 0], 4)) ?? 0;
      assertAlmostEquals(value, alone / 2, 1e-12);
    });

    Deno.test(`${name} stays finite on ties, on one slate that is left, and on rewards far apart (${half})`, () => {
      for (
        const reward of [[1, 1, 1, 1], [NaN, 1, NaN, NaN], [NaN, NaN, NaN, 1], [1e12, -1e12, 0, 1e-12], [
          0.1,
          0.1,
          0.3,
          0.3,
        ]]
      ) {
        const c = objective.coefficients(plain(reward, 4));
        assert(c.every(Number.isFinite), `${reward}: ${c}`);
        assert(Number.isFinite(objective.value?.(plain(reward, 4)) ?? 0));
      }
    });
  }
}

for (const name of ["grpo", "dr-grpo", "rloo", "max@k", "dpo", "s-dpo"] as const) {
  Deno.test(`${name} prefers nothing where all rewards agree, or one slate alone has one`, () => {
    for (const reward of [[0.3, 0.3, 0.3, 0.3], [NaN, NaN, 2, NaN]]) {
      const c = objectiveOf(name, 4).coefficients(plain(reward, 4));
      assert(c.every((value) => Math.abs(value) < 1e-15), `${c}`);
    }
  });
}

Deno.test("bonbon and bon-sft of a group that ties learn its first slate, a draw of the reference", () => {
  assertEquals([...objectiveOf("bon-sft", 4).coefficients(plain([1, 1, 1, 1], 4))], [1, 0, 0, 0]);
  assertEquals([...objectiveOf("bonbon", 4).coefficients(plain([1, 1, 1, 1], 4))], [0.2, 0, 0, 0]);
});

Deno.test("sprec passes over an own list that is no worse than the positive, or without a reward", () => {
  const c = (reward: readonly number[]) =>
    objectiveOf("sprec", 4, "self-play").coefficients(plain(reward, 4));
  for (const reward of [[0, 2, 1, 2], [0, 2, 1, 5], [0, 2, 1, NaN], [NaN, NaN, NaN, 1]]) {
    assertEquals([...c(reward)], [0, 0, 0, 0]);
  }
  assertEquals([...c([NaN, 2, 1, 0])], [0, 0.35, 0, -0.35]);
});

Deno.test("j-bond passes over a context of whose anchor slates one has no reward", () => {
  const c = objectiveOf("j-bond", 4).coefficients(plain([2, 1, 0, NaN, 0, 2, 1, 3], 4));
  assertEquals([...c.slice(0, 4)], [0, 0, 0, 0]);
  assert(c.slice(4).every((value, place) => place === 2 || value !== 0));
});

Deno.test("max@k of fewer slates than k says nothing, and of just k the winner's lead", () => {
  const k = (maxK: number, reward: readonly number[]) =>
    METHODS["max@k"].objective({ ...SETTINGS, maxK }).coefficients(plain(reward, reward.length));
  assertEquals([...k(4, [3, NaN, 1, 2])], [0, 0, 0, 0]);
  assertEquals([...k(3, [3, 1, 2.5])], [0.5, 0, 0]);
});

Deno.test("max@k of a thousand slates stays a mean over subsets: no binomial overflows", () => {
  const reward = Array.from({ length: 1000 }, (_, i) => i);
  const c = METHODS["max@k"].objective({ ...SETTINGS, maxK: 500 }).coefficients(plain(reward, 1000));
  assert(c.every((value) => value >= 0 && Number.isFinite(value)));
  // The largest is in half of the subsets, and leads the second by little more than 1 on the average.
  assertGreater(c[999]!, 0.5);
  assert(c[999]! < 1.1, `${c[999]}`);
});

Deno.test("s-dpo's losers are the lowest slates of the group, the earlier of equals first", () => {
  const losers = (rewards: readonly number[], count: number) => {
    const flat = new Float64Array(rewards.length);
    const c = METHODS["s-dpo"].objective({ ...SETTINGS, losers: count }).coefficients({
      ...inputOf([0, 1, 2, 3], POLICY),
      reward: Float64Array.from(rewards),
      policyLogProb: flat,
      anchorLogProb: flat,
    });
    return rewards.map((_, j) => j).filter((j) => c[j]! < 0);
  };
  assertEquals(losers([5, 3, 0, 1], 2), [2, 3]);
  assertEquals(losers([3, 5, 1, 2], 1), [2]);
  assertEquals(losers([1, 1, 5, 1], 2), [0, 1]);
});

Deno.test("A slate without losers has nothing to be preferred to", () => {
  const group = { policyLogProb: Float64Array.of(-1), anchorLogProb: Float64Array.of(-1) };
  assertEquals(preferenceLoss(group, 0, [], 1), null);
});

Deno.test("j-bond anchored at the policy of this moment has no drift, and all other returns for a baseline", () => {
  const c = METHODS["j-bond"].objective({ ...SETTINGS, beta: 1 }).coefficients({
    ...inputOf([0, 1, 2, 3, 4], POLICY),
    reward: Float64Array.of(0, 2, 3, 1, 2),
    anchorLogProb: null,
  });
  // Returns −log 16, 0, 0 of three slates, each less the mean of the other two, over the three.
  const low = Math.log(16);
  [-low / 3, low / 6, low / 6, 0, 0].forEach((expected, row) => assertAlmostEquals(c[row]!, expected, 1e-14));
});

Deno.test("sprec does not imitate its own list, even where no slate of the reference has a reward", () => {
  const c = METHODS.sprec.objective({ ...SETTINGS, groupSize: 3 }, "imitate").coefficients({
    ...inputOf([0, 1, 2], POLICY),
    reward: Float64Array.of(NaN, NaN, 1),
  });
  assertEquals([...c], [0, 0, 0]);
});

Deno.test("A ratio at its bound has not gone past it", () => {
  const one = Float64Array.of(0);
  const at = (advantage: number) =>
    clippedCoefficients(Float64Array.of(advantage), one, one, { low: 0, high: 0 });
  assertEquals([at(2), at(-2)].map(({ coefficients, clipped }) => [...coefficients, clipped]), [[2, 0], [
    -2,
    0,
  ]]);
});
