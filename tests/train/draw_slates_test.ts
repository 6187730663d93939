import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { initialParameters } from "../../src/model/parameters.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { type MethodName, METHODS, type MethodSettings } from "../../src/objective/methods.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { disposeTree } from "../../src/optimizer/parameter_tree.ts";
import { compose } from "../../src/reward/composition.ts";
import { createPopulationState } from "../../src/reward/marginal.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { createBelief } from "../../src/target/belief.ts";
import { alignStep } from "../../src/train/align.ts";
import { freeAlignState, startAlignment } from "../../src/train/align_state.ts";
import { drawSlates } from "../../src/train/draw_slates.ts";
import { createStepLog } from "../../src/train/step_log.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, tinyModel } from "../model/tiny_model.ts";

const CONTEXTS = [[1, 2, 3], [], [4], [5, 6]].map((history, id) => contextOf(id, history));
const SETTINGS: MethodSettings = {
  groupSize: 4,
  objective: "distill",
  beta: 0.5,
  logRatioFloor: null,
  dpoBeta: 0.1,
  losers: 3,
  sftShare: 0.005,
  bonbonBeta: null,
  maxK: 2,
};

for (const kind of ["plackett-luce", "autoregressive"] as const) {
  onEachDevice(`${kind} slates come from whom the method names, group by group`, async () => {
    const model = tinyModel(kind, 10);
    const { policy } = model;
    const [own, reference, moving] = [1, 2, 3].map((seed) =>
      initialParameters(model.config, randomKey(seed))
    );
    const drawers = { policy: own!, reference: reference!, moving: moving! };
    const key = randomKey(9);
    const options = { groupSize: 4, cutoff: 3, key };
    const draw = (source: Parameters<typeof drawSlates>[0]) =>
      drawSlates(source, policy, drawers, CONTEXTS, options);
    const sampled = (parameters: typeof own, groupSize: number, from = key) =>
      policy.sample(parameters!, CONTEXTS, { groupSize, cutoff: 3, key: from });
    assertEquals(await draw("policy"), await sampled(own, 4));
    assertEquals(await draw("reference"), await sampled(reference, 4));
    for (
      const [source, first, second] of [
        ["policy-and-anchor", await sampled(own, 2), await sampled(moving, 2, key.split("anchor"))],
        [
          "reference-and-greedy",
          await sampled(reference, 3),
          await policy.rank(moving!, CONTEXTS, { cutoff: 3, beams: 1 }),
        ],
      ] as const
    ) {
      const { items, behaviorLogProb, groupSize } = await draw(source);
      assertEquals(groupSize, 4);
      CONTEXTS.forEach((_, b) => {
        const parts = [first, second].map((part) => ({
          items: [...part.items].slice(b * part.groupSize * 3, (b + 1) * part.groupSize * 3),
          logProb: [...part.behaviorLogProb].slice(b * part.groupSize, (b + 1) * part.groupSize),
        }));
        assertEquals([...items].slice(b * 12, (b + 1) * 12), parts.flatMap((part) => part.items));
        assertEquals(
          [...behaviorLogProb].slice(b * 4, (b + 1) * 4),
          parts.flatMap((part) => part.logProb),
        );
      });
      await assertRejects(
        () => drawSlates(source, policy, { ...drawers, moving: null }, CONTEXTS, options),
        TypeError,
        "needs a second model",
      );
    }
    for (const tree of [own, reference, moving]) disposeTree(tree!);
  });

  onEachDevice(`steps of ${kind} alignment by every method move the weights and keep no tensor`, async () => {
    const model = tinyModel(kind, 10);
    const terms = [{ metric: await loadMetric("recall@3"), weight: 1 }];
    const signals = {
      catalogSize: 10,
      relevance: { of: (id: number) => new Map([[(id + 7) % 10, 1], [(id + 8) % 10, 1]]) },
    } as unknown as Parameters<typeof alignStep>[2]["signals"];
    const scored = { values: [new Float64Array(4)], defined: new Uint8Array(4).fill(1) };
    const composition = compose({ combine: "sum", terms, constraints: [], rate: 0.1 }, scored, 1, 16);
    const reference = initialParameters(model.config, randomKey(2));
    for (const name of Object.keys(METHODS) as MethodName[]) {
      const method = METHODS[name];
      const anchor = method.anchor ?? "policy";
      const setting = {
        model,
        reference,
        source: method.slates,
        objective: method.objective(SETTINGS, "imitate"),
        rounds: method.rounds ? { steps: 4, selfPlay: method.objective(SETTINGS, "self-play") } : null,
        optimizer: adamw({ learningRate: 0.01 }),
        composition,
        signals,
        anchor,
        emaDecay: 0.9,
        klCoefficient: 0,
        updates: name === "j-bond" ? 1 : 2,
        microBatch: null,
        clip: { low: 0.2, high: 0.2 },
        dropout: { rate: 0, key: randomKey(1) },
        groupSize: 4,
        cutoff: 3,
        key: randomKey(4),
      };
      const belief = createBelief({
        kind: "bayesian",
        contexts: CONTEXTS.length,
        n: 4,
        priorStrength: 0,
        discount: 0.9,
        pooling: 0,
        maxAtoms: 64,
        columns: 1,
      });
      const population = createPopulationState(terms, signals, { discount: 0.9 });
      let state = startAlignment(reference, setting.optimizer, belief, population, {
        average: ["ema", "opponent"].includes(anchor),
        constraints: 0,
      });
      const norms: number[] = [];
      const drawn: number[] = [];
      const observer = {
        stage() {},
        note() {},
        step({ values }: { values: Readonly<Record<string, number>> }) {
          norms.push(values["gradientNorm"]!);
          drawn.push(values["rollouts"]!);
        },
      };
      const tensors: number[] = [];
      for (let step = 0; step < 5; step++) {
        state = await alignStep(state, CONTEXTS, setting, createStepLog("align", observer, 1));
        tensors.push(tf.memory().numTensors);
      }
      assertEquals(new Set(tensors).size, 1, `${name}: ${tensors}`);
      assertEquals([state.step, state.optimizer.step], [5, 5 * setting.updates]);
      // Four slates a context, of which sprec's last is the opponent's greedy list.
      assertEquals(new Set(drawn), new Set([CONTEXTS.length * (name === "sprec" ? 3 : 4)]), name);
      assert(Math.max(...norms) > 1e-3, `${name}: gradient norms ${norms}`);
      freeAlignState(state);
    }
    disposeTree(reference);
  });
}
