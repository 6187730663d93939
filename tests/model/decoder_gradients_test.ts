/**
 * Gradients of what training minimises, by every single weight, against central differences of the decoder written
 * out in 64 bits (reference_decoder.ts): these are exact to nine digits, so the 32-bit gradients have to be right.
 */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { picksOf } from "../../src/rollout/candidates.ts";
import type { NextItemExample } from "../../src/train/next_item_examples.ts";
import { nextItemBatch, nextItemLoss, slateBatch } from "../../src/train/next_item_loss.ts";
import { valueAndGradients } from "../../src/train/value_and_gradients.ts";
import type { Parameters } from "../../src/model/parameters.ts";
import { uploadArrays } from "../../src/device/arrays.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { onEachDevice } from "../device/devices.ts";
import {
  historyPlaces,
  logTotal,
  referenceHidden,
  referenceScores,
  type Weights,
  withPicks,
} from "./reference_decoder.ts";
import { contextOf, loudWeights, slateLogProb, tinyModel, upload } from "./tiny_model.ts";

/** Compares value and gradients of a loss with those of the same loss written out. */
async function assertLoss(
  weights: ReadonlyMap<string, Float32Array>,
  parameters: Parameters,
  loss: (parameters: Parameters) => tf.Scalar,
  writtenOut: (weights: Weights) => number,
): Promise<void> {
  const { value, gradients } = valueAndGradients(parameters, loss);
  assertAlmostEquals((await value.data())[0]!, writtenOut(weights), 2e-5);
  const step = 1e-5;
  const shifted = new Map([...weights].map(([name, values]) => [name, Float64Array.from(values)]));
  for (const [name, values] of shifted) {
    const gradient = await gradients[name]!.data();
    assertEquals(gradient.length, values.length, name);
    assert(gradient.some((g) => Math.abs(g) > 1e-3), `${name} has no gradient to speak of`);
    values.forEach((kept, i) => {
      const at = (x: number) => {
        values[i] = x;
        return writtenOut(shifted);
      };
      const slope = (at(kept + step) - at(kept - step)) / (2 * step);
      values[i] = kept;
      assertAlmostEquals(gradient[i]!, slope, 1e-4 * (1 + Math.abs(slope)), `${name} [${i}]`);
    });
  }
  tf.dispose([value, ...Object.values(gradients)]);
}

const EXAMPLES: readonly NextItemExample[] = [
  {
    history: [1, 2, 0],
    targets: [{ after: 0, item: 1, weight: 1 }, { after: 2, item: 0, weight: 2 }, {
      after: 3,
      item: 4,
      weight: 1,
    }],
  },
  { history: [], targets: [{ after: 0, item: 3, weight: 0.5 }] },
];

onEachDevice("the next-item loss has the gradient of its formula by every weight", async () => {
  const { config, codec, items } = tinyModel("plackett-luce", 5);
  const weights = loudWeights(config);
  const parameters = upload(config, weights);
  const batch = uploadArrays(nextItemBatch(config, codec, EXAMPLES).arrays);
  await assertLoss(weights, parameters, (p) => nextItemLoss(config, items, p, batch), (w) => {
    let sum = 0;
    for (const { history, targets } of EXAMPLES) {
      const hidden = referenceHidden(config, w, historyPlaces([codec.opening[0]!, ...history]));
      for (const { after, item, weight } of targets) {
        const scores = referenceScores(config, w, hidden[after]!, items);
        sum += weight * (logTotal(scores) - scores[item]!);
      }
    }
    return sum / 4.5;
  });
  tf.dispose([...Object.values(batch), ...Object.values(parameters)]);
});

/** Contexts with G = 2 slates of K = 3; one slate is short, one context has no history. */
const CONTEXTS = [contextOf(0, [1, 4], [2]), contextOf(1, [])];
const SLATES = {
  groupSize: 2,
  cutoff: 3,
  items: Int32Array.of(0, 5, 3, 6, 0, -1, 2, 1, 0, 6, 5, 4),
  behaviorLogProb: new Float64Array(4),
};
/** Differ from row to row, so that rows mixed up do not pass. */
const ROW_WEIGHTS = [0.7, -1.3, 0.4, 1.1];

for (const kind of ["plackett-luce", "autoregressive"] as const) {
  onEachDevice(
    `log-probabilities of ${kind} slates have the gradient of their formula by every weight`,
    async () => {
      const { config, codec, items, policy } = tinyModel(kind, 7);
      const weights = loudWeights(config);
      const parameters = upload(config, weights);
      const loss = (p: Parameters) =>
        tf.sum(tf.mul(slateLogProb(policy, p, CONTEXTS, SLATES), tf.tensor1d(ROW_WEIGHTS))) as tf.Scalar;
      await assertLoss(weights, parameters, loss, (w) =>
        ROW_WEIGHTS.reduce((sum, rowWeight, row) => {
          const { history, seen } = CONTEXTS[row >> 1]!;
          const picks = [...picksOf(SLATES, row)];
          const tokens = [codec.opening[0]!, ...history];
          const places = kind === "autoregressive"
            ? withPicks(historyPlaces(tokens), tokens.length, picks)
            : historyPlaces(tokens);
          const hidden = referenceHidden(config, w, places).slice(history.length);
          return picks.reduce((total, item, k) => {
            const scores = referenceScores(config, w, hidden[kind === "autoregressive" ? k : 0]!, items);
            const left = scores.filter((_, j) => !seen.has(j) && !picks.slice(0, k).includes(j));
            return total + rowWeight * (scores[item]! - logTotal(left));
          }, sum);
        }, 0));
      tf.dispose(Object.values(parameters));
    },
  );
}

Deno.test("predictions in slates weigh a quarter of those in histories, and reach the pick and its gate", async () => {
  await openDevice({ device: "cpu" });
  const { config, codec, items } = tinyModel("autoregressive", 7);
  const parameters = upload(config, loudWeights(config));
  const batch = await slateBatch(config, codec, parameters, EXAMPLES, {
    cutoff: 3,
    branches: 2,
    key: randomKey(1),
  });
  const weights = batch.arrays.weights.data as Float32Array;
  assertAlmostEquals(weights.reduce((sum, weight) => sum + weight, 0), 1.25, 1e-6);
  // Four in histories, then two picks in each of three slates.
  assertEquals(batch.predictions, 4 + 6);
  const arrays = uploadArrays(batch.arrays);
  const { value, gradients } = valueAndGradients(
    parameters,
    (p) => nextItemLoss(config, items, p, arrays),
  );
  for (const name of ["pick", "pickGate"]) {
    assert((await gradients[name]!.data()).some((g) => Math.abs(g) > 1e-4), `${name} learns nothing`);
  }
  tf.dispose([value, ...Object.values(arrays), ...Object.values(gradients), ...Object.values(parameters)]);
});
