import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { StepEvent } from "../../src/core/observer.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { createPopulationState } from "../../src/reward/marginal.ts";
import { loadMetric } from "../../src/reward/registry.ts";
import { compose } from "../../src/reward/composition.ts";
import { createBelief } from "../../src/target/belief.ts";
import { distill } from "../../src/objective/distill.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { alignStep } from "../../src/train/align.ts";
import { freeAlignState, startAlignment } from "../../src/train/align_state.ts";
import { fitNextItems, fitOptimizer, type FitOptions, fitStep } from "../../src/train/fit_next_items.ts";
import { freeFitState, startFit } from "../../src/train/fit_state.ts";
import { createStepLog } from "../../src/train/step_log.ts";
import { epochBatches, type NextItemExample } from "../../src/train/next_item_examples.ts";
import { initialParameters } from "../../src/model/parameters.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, tinyModel, upload } from "../model/tiny_model.ts";

/** Walks through ten items in steps of one: the next item is certain. */
const EXAMPLES: readonly NextItemExample[] = Array.from({ length: 24 }, (_, user) => {
  const items = Array.from({ length: 4 + user % 3 }, (_, step) => (3 * user + step) % 10);
  return {
    history: items.slice(0, -1),
    targets: items.map((item, after) => ({ after, item, weight: 1 })).slice(1),
  };
});
const OPTIONS: FitOptions = {
  stage: "sft",
  epochs: 20,
  batch: 8,
  learningRate: 0.03,
  warmup: 0.05,
  weightDecay: 0,
  clipNorm: 1,
  patience: 20,
  cutoff: 3,
  key: randomKey(1),
};
const silent = { stage() {}, step() {}, note() {} };
const keeper = { afterStep: () => Promise.resolve(), afterPart: () => Promise.resolve() };

for (const kind of ["plackett-luce", "autoregressive"] as const) {
  onEachDevice(
    `supervised ${kind} training learns a certain successor, and keeps no tensor between steps`,
    async () => {
      const model = tinyModel(kind, 10, { width: 16, hidden: 24, dropout: 0.05 });
      const optimizer = fitOptimizer(EXAMPLES.length, OPTIONS);
      const losses: number[] = [];
      const observer = { ...silent, step: ({ values }: StepEvent) => losses.push(values["loss"]!) };
      const log = createStepLog("sft", observer, 1);
      let state = startFit(initialParameters(model.config, randomKey(2)), optimizer);
      const tensors: number[] = [];
      for (let epoch = 0; epoch < OPTIONS.epochs; epoch++) {
        for (const batch of epochBatches(EXAMPLES, OPTIONS.batch, OPTIONS.key.split("epoch", epoch))) {
          state = await fitStep(model, state, batch, optimizer, OPTIONS, log);
          tensors.push(tf.memory().numTensors);
        }
      }
      assertEquals(new Set(tensors).size, 1, `tensors after each step: ${tensors}`);
      const slates = kind === "autoregressive" ? 1.25 : 1;
      assert(losses[0]! > 0.95 * slates * Math.log(10), `starts at ${losses[0]}`);
      assert(losses.at(-1)! < 0.4 * slates * Math.log(10), `ends at ${losses.at(-1)}`);
      const { items } = await model.policy.rank(state.parameters, [
        contextOf(0, [4, 5, 6]),
        contextOf(1, [9, 0]),
      ], {
        cutoff: 1,
        beams: 1,
      });
      assertEquals([...items], [7, 1]);
      freeFitState(state);
    },
    ["wasm"],
  );

  onEachDevice(`steps of ${kind} alignment keep no tensor, whatever the anchor`, async () => {
    const model = tinyModel(kind, 10);
    const contexts = EXAMPLES.slice(0, 6).map(({ history }, id) => contextOf(id, history));
    const terms = [{ metric: await loadMetric("coverage@3"), weight: 1 }, {
      metric: await loadMetric("recall@3"),
      weight: 1,
    }];
    const signals = {
      catalogSize: 10,
      relevance: { of: (id: number) => new Map([[(id + 7) % 10, 1]]) },
    } as unknown as Parameters<typeof alignStep>[2]["signals"];
    const scored = { values: terms.map(() => new Float64Array(6)), defined: new Uint8Array(6).fill(1) };
    const composition = compose({ combine: "sum", terms, constraints: [], rate: 0.1 }, scored, 1, 18);
    const reference = initialParameters(model.config, randomKey(2));
    for (const anchor of ["policy", "reference", "ema"] as const) {
      const setting = {
        model,
        reference,
        objective: distill(),
        optimizer: adamw({ learningRate: () => 0.01 }),
        composition,
        signals,
        anchor,
        emaDecay: 0.9,
        source: "policy" as const,
        rounds: null,
        updates: 1,
        microBatch: null,
        clip: { low: 0.2, high: 0.2 },
        dropout: { rate: 0, key: randomKey(1) },
        klCoefficient: 0.1,
        groupSize: 3,
        cutoff: 3,
        key: randomKey(4),
      };
      const belief = createBelief({
        kind: "bayesian",
        contexts: contexts.length,
        n: 4,
        priorStrength: 0,
        discount: 0.9,
        pooling: 0,
        maxAtoms: 64,
        columns: terms.length,
      });
      const population = createPopulationState(terms, signals, { discount: 0.9 });
      let state = startAlignment(reference, setting.optimizer, belief, population, {
        average: anchor === "ema",
        constraints: 0,
      });
      const tensors: number[] = [];
      for (let step = 0; step < 4; step++) {
        state = await alignStep(state, contexts, setting, createStepLog("align", silent, 1));
        tensors.push(tf.memory().numTensors);
      }
      assertEquals(new Set(tensors).size, 1, `anchor ${anchor}: ${tensors}`);
      assertEquals([state.step, state.batch], [4, 4]);
      freeAlignState(state);
    }
    tf.dispose(Object.values(reference));
  }, ["cpu", "wasm", "native", "webgpu"]);
}

onEachDevice("steps on sampled items learn the targets too, and keep no tensor", async () => {
  const model = tinyModel("plackett-luce", 10);
  const options = { ...OPTIONS, negatives: 4 };
  const optimizer = fitOptimizer(EXAMPLES.length, options);
  let state = startFit(initialParameters(model.config, randomKey(1)), optimizer);
  const log = createStepLog("sft", silent, 1);
  const tensors: number[] = [];
  for (let step = 0; step < 60; step++) {
    state = await fitStep(model, state, EXAMPLES, optimizer, options, log);
    tensors.push(tf.memory().numTensors);
  }
  assertEquals(new Set(tensors).size, 1, `tensors after each step: ${tensors}`);
  const contexts = [contextOf(0, [4, 5, 6]), contextOf(1, [9, 0])];
  const { items } = await model.policy.rank(state.parameters, contexts, { cutoff: 1, beams: 1 });
  assertEquals([...items], [7, 1]);
  freeFitState(state);
}, ["wasm"]);

onEachDevice("each step drops other activations, and the same ones when it is repeated", async () => {
  const model = tinyModel("plackett-luce", 10, { dropout: 0.5 });
  const optimizer = fitOptimizer(EXAMPLES.length, OPTIONS);
  const lossAt = async (step: number) => {
    let loss = NaN;
    const observer = { ...silent, step: ({ values }: StepEvent) => loss = values["loss"]! };
    const start = startFit(upload(model.config, loudWeights(model.config)), optimizer);
    freeFitState(
      await fitStep(
        model,
        { ...start, step },
        EXAMPLES,
        optimizer,
        OPTIONS,
        createStepLog("sft", observer, 1),
      ),
    );
    return loss;
  };
  const losses = [await lossAt(0), await lossAt(1), await lossAt(2)];
  assertEquals(new Set(losses).size, 3, `losses ${losses}`);
  assertEquals(await lossAt(1), losses[1]);
}, ["cpu", "wasm"]);

onEachDevice("training stops after as many epochs without a better score as configured", async () => {
  const model = tinyModel("plackett-luce", 10);
  const scores = [0.1, 0.3, 0.2, 0.3, 0.25, 0.9];
  let asked = 0;
  const options = { ...OPTIONS, patience: 3 };
  const start = startFit(
    initialParameters(model.config, randomKey(2)),
    fitOptimizer(EXAMPLES.length, options),
  );
  const before = tf.memory().numTensors - Object.keys(start.parameters).length -
    Object.keys(start.optimizer.slots).length;
  const fitted = await fitNextItems(
    model,
    EXAMPLES,
    start,
    options,
    () => Promise.resolve(scores[asked++]!),
    silent,
    keeper,
  );
  assertEquals([asked, fitted.bestEpoch, fitted.bestScore], [5, 2, 0.3]);
  tf.dispose(Object.values(fitted.parameters));
  assertEquals(tf.memory().numTensors, before);
}, ["wasm"]);

onEachDevice("training that diverges is stopped with what to lower", async () => {
  const model = tinyModel("plackett-luce", 10);
  const options = { ...OPTIONS, learningRate: 1e30, warmup: 0 };
  const start = startFit(
    initialParameters(model.config, randomKey(2)),
    fitOptimizer(EXAMPLES.length, options),
  );
  const validate = () => Promise.resolve(0);
  const fit = () => fitNextItems(model, EXAMPLES, start, options, validate, silent, keeper);
  await assertRejects(fit, Error, "must be a finite number");
}, ["wasm"]);

onEachDevice("training on nothing is refused", async () => {
  const model = tinyModel("plackett-luce", 10);
  const start = startFit(initialParameters(model.config, randomKey(2)), fitOptimizer(1, OPTIONS));
  const fit = () => fitNextItems(model, [], start, OPTIONS, () => Promise.resolve(0), silent, keeper);
  await assertRejects(fit, Error, "sft: there must be at least one interaction to learn from");
  freeFitState(start);
}, ["wasm"]);
