/** Every case of fixtures/golden/align.json, by the functions that training uses. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import align from "../../fixtures/golden/align.json" with { type: "json" };
import { uploadArrays } from "../../src/device/arrays.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { bonbon, bonbonBeta } from "../../src/objective/bonbon.ts";
import { dpo } from "../../src/objective/dpo.ts";
import { centredRewards } from "../../src/objective/dr_grpo.ts";
import { klToReference } from "../../src/objective/gauges.ts";
import { groupRelativeAdvantages, grpo } from "../../src/objective/grpo.ts";
import { jBondReward } from "../../src/objective/j_bond.ts";
import { maxAtKWeights } from "../../src/objective/max_at_k.ts";
import type { ObjectiveInput } from "../../src/objective/objective.ts";
import { policyLoss, policyLossArrays } from "../../src/objective/policy_loss.ts";
import { clippedCoefficients, clippedSurrogate } from "../../src/objective/ppo_clip.ts";
import { bestOfNDensityRatio, bestOfNLimits } from "../../src/target/best_of_n.ts";
import { createBelief, setPrior, weighBatch } from "../../src/target/belief.ts";
import type { StaticTies } from "../../src/core/rewards.ts";
import { bestOfNBound } from "../../src/train/prior.ts";

interface Case {
  readonly id: string;
  // deno-lint-ignore no-explicit-any -- each formula has inputs of its own
  readonly input: any;
  // deno-lint-ignore no-explicit-any
  readonly expected: any;
  readonly tolerance: number;
}

const CASES = new Map((align as unknown as Case[]).map((each) => [each.id, each]));
const visited = new Set<string>();

function golden(
  id: string,
  check: (input: Case["input"], expected: Case["expected"], near: typeof assertNear) => void | Promise<void>,
) {
  visited.add(id);
  Deno.test(`golden case ${id}`, async () => {
    const { input, expected } = CASES.get(id)!;
    await check(input, expected, assertNear);
  });
}

function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) assertAlmostEquals(actual[i]!, expected[i]!, 1e-9);
}

function kl(p: readonly number[], q: readonly number[]): number {
  return p.reduce((sum, value, i) => sum + (value > 0 ? value * Math.log(value / q[i]!) : 0), 0);
}

function bestOfN({ pi, reward, N }: { pi: number[]; reward: number[]; N: number }): number[] {
  return bestOfNDensityRatio(pi, reward, N).map((ratio, i) => ratio * pi[i]!);
}

/** ω of each outcome when a hundred slates of the reference are spread as π is, all of whose masses are hundredths. */
function staticOmega(
  { pi, reward, N }: { pi: number[]; reward: number[]; N: number },
  ties: StaticTies,
): Float64Array {
  const slates = pi.flatMap((p, i) => new Array<number>(Math.round(100 * p)).fill(reward[i]!));
  const empty = createBelief({
    kind: "static",
    ties,
    contexts: 1,
    n: N,
    priorStrength: 0,
    discount: 1,
    pooling: 0,
    maxAtoms: 128,
    columns: 1,
  });
  const scored = (values: readonly number[]) => ({
    values: [Float64Array.from(values)],
    defined: new Uint8Array(values.length).fill(1),
  });
  const belief = setPrior(empty, [0], scored(slates), slates.length);
  return weighBatch(belief, [0], scored(reward), { groupSize: reward.length }).logDensityRatio;
}

function inputOf(reward: readonly number[], logProb: readonly number[][] = []): ObjectiveInput {
  const rows = reward.length;
  return {
    groupSize: rows,
    reward: Float64Array.from(reward),
    logDensityRatio: new Float64Array(rows),
    baseline: new Float64Array(rows),
    policyLogProb: Float64Array.from(logProb[0] ?? new Array<number>(rows).fill(0)),
    anchorLogProb: logProb[1] === undefined ? null : Float64Array.from(logProb[1]),
  };
}

for (const id of ["bon-ties-N1", "bon-ties-N2", "vbon-noties-N4"]) {
  golden(id, (input, expected, near) => {
    near(bestOfN(input), expected.bon);
    // What bond learns from: ω of the static target that keeps p_≤ and p_< apart.
    near(staticOmega(input, "exact").map((omega, i) => Math.exp(omega) * input.pi[i]), expected.bon);
    const value = bestOfN(input).reduce((sum, p, i) => sum + p * input.reward[i], 0);
    if (expected.expectedReward !== undefined) near([value], [expected.expectedReward]);
    for (const [reward, mass] of Object.entries(expected.classMass ?? {})) {
      const found = bestOfN(input).filter((_, i) => input.reward[i] === Number(reward));
      near([found.reduce((sum, p) => sum + p, 0)], [mass as number]);
    }
  });
}

golden("bon-kl-bound", (input, expected, near) => {
  near([kl(bestOfN(input), input.pi), bestOfNLimits(input.N).divergence], [expected.kl, expected.bound]);
});

golden("bon-kl-cont", (input, expected, near) => {
  const limits = (input.N as number[]).map((n) => bestOfNLimits(n));
  near(limits.map(({ divergence }) => divergence), expected.kl);
  near(limits.map(({ winRate }) => winRate), expected.winRate);
});

golden("bond-vbon-lower-bound", (input, expected, near) => {
  // vbon maximises E_π[ω] − KL(π‖π_ref), its ω having log N more than the (N − 1) log p_≤ of the case.
  const value = (ties: StaticTies) => {
    const omega = staticOmega(input, ties);
    return (input.policy as number[]).reduce((sum, p, i) => sum + p * omega[i]!, 0) -
      kl(input.policy, input.pi);
  };
  near([value("up-to") - Math.log(input.N)], [expected.L]);
  near([value("exact")], [expected.minusBackwardKL]);
});

golden("bond-jeffreys", (input, expected, near) => {
  const bon = [...staticOmega(input, "exact")].map((omega, i) => Math.exp(omega) * input.pi[i]);
  near([(1 - input.beta) * kl(bon, input.policy) + input.beta * kl(input.policy, bon)], [expected.jeffreys]);
});

golden("jbond-reward", (input, expected) => {
  const triples = input.triples as [number, number, number][];
  assertEquals(triples.map(([own, ...anchors]) => jBondReward(own, anchors)), expected.reward);
});

for (const id of ["bonbon-beta-2", "bonbon-beta-4", "bonbon-beta-16"]) {
  golden(id, ({ n }, expected, near) => {
    near([bonbonBeta(n), 1 / (2 * bonbonBeta(n))], [expected.beta, expected.margin]);
  });
}

golden("bonbon-loss", (input, expected, near) => {
  // Best and worst of n = 4; the two between have no part in the loss.
  const four = inputOf([1, 0, 0.5, 0.5], [
    [input.logp_best, input.logp_worst, -9, -9],
    [input.ref_best, input.ref_worst, -1, -1],
  ]);
  const value = (sftShare: number) => bonbon({ sftShare }).value(four);
  near([value(1), value(0), value(input.alpha)], [expected.sft, expected.ipo, expected.loss]);
  near([bonbon({ sftShare: input.alpha, beta: bonbonBeta(4) }).value(four)], [expected.loss]);
});

golden("dpo", ({ beta, chosen, rejected }, expected, near) => {
  const pair = inputOf([0, 1], [[rejected[0], chosen[0]], [rejected[1], chosen[1]]]);
  near([dpo({ beta }).value(pair)], [expected.loss]);
});

golden("grpo-adv", ({ rewards }, expected, near) => {
  near(groupRelativeAdvantages(Float64Array.from(rewards)), expected.adv);
  near(grpo().coefficients(inputOf(rewards)).map((c) => c * rewards.length), expected.adv);
});

golden("drgrpo-adv", ({ rewards }, expected, near) => {
  near(centredRewards(Float64Array.from(rewards)), expected.adv);
});

golden("grpo-zero-std", ({ rewards }, expected) => {
  assertEquals([...groupRelativeAdvantages(Float64Array.from(rewards))], expected.adv);
});

golden("dapo-clip", ({ ratio, epsLow, epsHigh }, expected, near) => {
  const range = { low: epsLow, high: epsHigh };
  for (const advantage of [1, -1]) {
    const loss = (at: number) => -clippedSurrogate(at, advantage, range);
    near((ratio as number[]).map(loss), expected[`A=${advantage > 0 ? "+1" : "-1"}`]);
    // The coefficient is minus the slope of the loss by log π, away from where it bends.
    for (const at of [0.5, 0.9, 1, 1.15, 1.5]) {
      const step = 1e-6;
      const slope = (loss(at * Math.exp(step)) - loss(at * Math.exp(-step))) / (2 * step);
      const { coefficients } = clippedCoefficients(
        Float64Array.of(advantage),
        Float64Array.of(Math.log(at)),
        Float64Array.of(0),
        range,
      );
      assertAlmostEquals(coefficients[0]!, -slope, 1e-8);
    }
  }
});

golden("kl-k3", async ({ logpi, logref }, expected, near) => {
  const [policy, reference] = [Float64Array.from(logpi), Float64Array.from(logref)];
  near([klToReference(policy, reference)], [(expected.k3 as number[]).reduce((sum, k) => sum + k / 3, 0)]);
  await openDevice({ device: "cpu" });
  // The pull of the loss, in the device's 32 bits.
  const loss = tf.tidy(() =>
    policyLoss(
      tf.tensor1d(logpi),
      uploadArrays(
        policyLossArrays(new Float64Array(3), Float64Array.from(logpi), Uint8Array.of(1, 1, 1), 1),
      ),
      { referenceLogProb: tf.tensor1d(logref), klCoefficient: 3 },
    )
  );
  assertAlmostEquals(loss.dataSync()[0]!, (expected.k3 as number[]).reduce((sum, k) => sum + k, 0), 1e-6);
  loss.dispose();
});

golden("maxk-2", ({ rewards, k }, expected, near) => {
  const all = Float64Array.from(rewards);
  const leftOut = maxAtKWeights(all, k);
  near(leftOut, expected.weightsLOO);
  near([bestOfNBound(all.length, all, k)], [expected.maxk]);
  // Uncentred: the maximum of what is left comes back, mean over the (k − 1)-subsets of the others.
  const plain = leftOut.map((weight, i) => {
    const others = all.filter((_, j) => j !== i);
    return weight + k / all.length * bestOfNBound(others.length, others, k - 1);
  });
  near(plain, expected.weights);
});

Deno.test("every golden case of alignment is visited, but the one of a method that is not here", () => {
  assertEquals([...CASES.keys()].filter((id) => !visited.has(id)), ["dbb"]);
  assert(CASES.size === 20);
});
