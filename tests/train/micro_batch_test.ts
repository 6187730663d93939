/** A batch taken in parts: the same gradient, with less of it in memory at a time. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { readParameters } from "../../src/model/parameters.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { distill } from "../../src/objective/distill.ts";
import { adamw } from "../../src/optimizer/adamw.ts";
import { fitOptimizer, type FitOptions, fitStep } from "../../src/train/fit_next_items.ts";
import { startFit } from "../../src/train/fit_state.ts";
import type { Model } from "../../src/train/model.ts";
import type { NextItemExample } from "../../src/train/next_item_examples.ts";
import { createStepLog } from "../../src/train/step_log.ts";
import { updatePolicy } from "../../src/train/update_policy.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, tinyModel } from "../model/tiny_model.ts";
import { MANY_ITEMS, tokenCatalog } from "../rollout/token_catalog.ts";
import { ratiosAlone } from "./_updates.ts";

const MODELS: readonly [string, () => Model][] = [
  ["tokens", () => tinyModel("autoregressive", tokenCatalog(MANY_ITEMS))],
  ["plackett-luce", () => tinyModel("plackett-luce", 42)],
];

const EXAMPLES: readonly NextItemExample[] = [[3, 7, 1], [2], [9, 8, 7, 6, 5], [4, 1], [0, 40]].map((
  items,
) => ({
  history: items.slice(0, -1),
  targets: items.map((item, after) => ({ after, item, weight: 1 })),
}));

const OPTIONS: FitOptions = {
  stage: "sft",
  epochs: 3,
  batch: 5,
  learningRate: 0.01,
  warmup: 0,
  weightDecay: 0,
  clipNorm: 1,
  patience: 3,
  cutoff: 3,
  key: randomKey(6),
};

for (const [name, modelOf] of MODELS) {
  onEachDevice(`supervised steps of ${name} in parts end where those of whole batches do`, async () => {
    const model = modelOf();
    const trained = async (microBatch: number | undefined) => {
      const before = tf.memory().numTensors;
      const optimizer = fitOptimizer(EXAMPLES.length, OPTIONS);
      let state = startFit(await model.start(randomKey(2)), optimizer);
      const losses: number[] = [];
      const observer = {
        stage() {},
        note() {},
        step: ({ values }: { values: Readonly<Record<string, number>> }) => void losses.push(values["loss"]!),
      };
      const log = createStepLog("sft", observer, 1);
      const options = { ...OPTIONS, ...(microBatch === undefined ? {} : { microBatch }) };
      for (let step = 0; step < 3; step++) {
        state = await fitStep(model, state, EXAMPLES, optimizer, options, log);
      }
      const weights = await readParameters(state.parameters);
      tf.dispose([state.parameters, state.optimizer.slots]);
      assertEquals(tf.memory().numTensors, before);
      return { weights, losses };
    };
    const [whole, parts] = [await trained(undefined), await trained(2)];
    parts.losses.forEach((loss, step) => assertAlmostEquals(loss, whole.losses[step]!, 1e-4));
    assert(whole.losses[2]! < whole.losses[0]!);
    for (const [name, { data }] of whole.weights) {
      parts.weights.get(name)!.data.forEach((value, i) =>
        assertAlmostEquals(value, data[i]!, 2e-4, `${name} [${i}]`)
      );
    }
  }, ["cpu", "wasm", "webgpu"]);

  onEachDevice(`an update of ${name} in parts is that of the whole batch`, async () => {
    const model = modelOf();
    const contexts = [[1, 2, 3], [], [4], [6, 5, 41]].map((history, id) => contextOf(id, history));
    const reference = await model.start(randomKey(5));
    const shape = { groupSize: 2, cutoff: 3 };
    const rollouts = await model.policy.sample(reference, contexts, { ...shape, key: randomKey(2) });
    const { rewards, weights } = ratiosAlone(8, Math.sin);
    const updated = async (microBatch: number | null) => {
      const parameters = await model.start(randomKey(5));
      const optimizer = adamw({ learningRate: 0.02, clipNorm: 1 });
      const state = { parameters, optimizer: optimizer.init(parameters) };
      const { measured, optimizer: after } = await updatePolicy(
        state,
        contexts,
        rollouts,
        rewards,
        weights,
        null,
        {
          model,
          reference,
          objective: distill(),
          optimizer,
          klCoefficient: 0.5,
          source: "policy",
          updates: 2,
          microBatch,
          clip: { low: 0.2, high: 0.2 },
          dropout: { rate: 0, key: randomKey(1) },
        },
      );
      const [loss, norm, logProb] = await Promise.all(
        [measured.loss, measured.gradientNorm, measured["referenceLogProb"]!].map((tensor) => tensor.data()),
      );
      const numbers = await readParameters(parameters);
      tf.dispose([measured, parameters, after.slots]);
      return { loss: loss![0]!, norm: norm![0]!, logProb: [...logProb!], numbers };
    };
    const [whole, parts] = [await updated(null), await updated(3)];
    assertAlmostEquals(parts.loss, whole.loss, 1e-4);
    assertAlmostEquals(parts.norm, whole.norm, 1e-4);
    assert(whole.norm > 0.01);
    assertEquals(parts.logProb.length, 8);
    parts.logProb.forEach((value, row) => assertAlmostEquals(value, whole.logProb[row]!, 1e-4));
    for (const [name, { data }] of whole.numbers) {
      parts.numbers.get(name)!.data.forEach((value, i) => assertAlmostEquals(value, data[i]!, 1e-3, name));
    }
    tf.dispose(reference);
  }, ["cpu", "wasm", "webgpu"]);
}
