import { assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import { roundSignificant } from "../../src/numerics/round_significant.ts";
import { type RandomKey, randomKey } from "../../src/numerics/random.ts";
import { backward } from "../../src/objective/backward.ts";
import {
  type BeliefSettings,
  createBelief,
  setPrior,
  updateBatch,
  weighBatch,
} from "../../src/target/belief.ts";
import { drawSlate, makeWorld, slateLogProb, type World } from "./tabular.ts";

const [GROUP, PRIOR_SLATES, BEST_OF, STEPS] = [8, 16, 8, 300];

/** Draws so many slates per context, context-major, with their rewards. */
function rollOut(world: World, scores: readonly Float64Array[], group: number, key: RandomKey) {
  const slates = scores.flatMap((row, c) =>
    Array.from({ length: group }, (_, g) => drawSlate(row, world.cutoff, key.split(c, g)))
  );
  const reward = Float64Array.from(
    slates,
    (slate, row) => roundSignificant(world.reward(Math.floor(row / group), slate)),
  );
  return { slates, reward, values: [reward], defined: new Uint8Array(slates.length).fill(1) };
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** Backward KL to the target anchored at the reference, every context at every step, Adam on the score table. */
function train(world: World, kind: BeliefSettings["kind"]) {
  const key = randomKey(7);
  const ids = Int32Array.from({ length: world.contexts }, (_, c) => c);
  const prior = rollOut(world, world.reference, PRIOR_SLATES, key.split("prior"));
  let belief = setPrior(
    createBelief({
      kind,
      contexts: world.contexts,
      n: BEST_OF,
      priorStrength: PRIOR_SLATES,
      discount: 0.9,
      pooling: 0,
      maxAtoms: 128,
      columns: 1,
    }),
    ids,
    prior,
    PRIOR_SLATES,
  );
  const objective = backward();
  const scores = world.reference.map((row) => row.slice());
  const first = scores.map((row) => new Float64Array(row.length));
  const second = scores.map((row) => new Float64Array(row.length));
  const signals: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const rollouts = rollOut(world, scores, GROUP, key.split("rollout", step));
    const weights = weighBatch(belief, ids, rollouts, { groupSize: GROUP });
    const contextOf = (row: number) => Math.floor(row / GROUP);
    const c = objective.coefficients({
      reward: rollouts.values[0]!,
      groupSize: GROUP,
      logDensityRatio: weights.logDensityRatio,
      baseline: weights.baseline,
      policyLogProb: Float64Array.from(
        rollouts.slates,
        (slate, row) => slateLogProb(scores[contextOf(row)]!, slate),
      ),
      anchorLogProb: Float64Array.from(
        rollouts.slates,
        (slate, row) => slateLogProb(world.reference[contextOf(row)]!, slate),
      ),
    });
    belief = updateBatch(belief, ids, rollouts, { groupSize: GROUP });
    signals.push(weights.gauges.signal);
    scores.forEach((row, context) => {
      const gradient = new Float64Array(row.length);
      for (let g = 0; g < GROUP; g++) {
        const at = context * GROUP + g;
        slateLogProb(row, rollouts.slates[at]!, gradient, c[at]!);
      }
      for (let i = 0; i < row.length; i++) {
        const g = gradient[i]!;
        first[context]![i] = 0.9 * first[context]![i]! + 0.1 * g;
        second[context]![i] = 0.99 * second[context]![i]! + 0.01 * g * g;
        row[i]! += 0.03 * first[context]![i]! / (Math.sqrt(second[context]![i]!) + 1e-3);
      }
    });
  }
  return {
    reward: mean(rollOut(world, scores, 40, key.split("evaluate")).reward),
    firstSignal: mean(signals.slice(0, 5)),
    lastSignal: mean(signals.slice(-20)),
  };
}

/** Mean reward of the best of N slates of the reference: what a static target can reach. */
function bestOfReference(world: World): number {
  const { reward } = rollOut(world, world.reference, BEST_OF * 40, randomKey(9));
  const best = Array.from(
    { length: reward.length / BEST_OF },
    (_, i) => reward.slice(i * BEST_OF, (i + 1) * BEST_OF).reduce((a, b) => Math.max(a, b)),
  );
  return mean(best);
}

Deno.test("A static target stalls where best-of-N of the reference ends; the Bayesian one goes past, its signal intact", () => {
  const world = makeWorld(1, 16, 40, 5);
  const bound = bestOfReference(world);
  const fixed = train(world, "static");
  const bayesian = train(world, "bayesian");
  assertAlmostEquals(fixed.reward, bound, 0.06);
  assertGreater(bayesian.reward, bound + 0.2);
  assertLess(fixed.lastSignal, 0.6 * fixed.firstSignal);
  assertGreater(bayesian.lastSignal, 0.9 * bayesian.firstSignal);
});
