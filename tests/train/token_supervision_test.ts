import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import { NO_DROPOUT } from "../../src/model/dropout.ts";
import { randomKey } from "../../src/numerics/random.ts";
import type { NextItemExample } from "../../src/train/next_item_examples.ts";
import { onEachDevice } from "../device/devices.ts";
import { contextOf, loudWeights, slateLogProb, tinyModel, upload } from "../model/tiny_model.ts";
import { MANY_ITEMS, tokenCatalog } from "../rollout/token_catalog.ts";

const EXAMPLES: readonly NextItemExample[] = [
  { history: [1, 2, 30], targets: [{ after: 0, item: 5, weight: 1 }, { after: 3, item: 41, weight: 2 }] },
  { history: [9], targets: [{ after: 1, item: 20, weight: 1 }] },
];

for (const closing of [true, false]) {
  onEachDevice(
    `the loss is what a slate of the target would cost ${closing ? "after" : "without"} the end of a prompt`,
    async () => {
      const codec = tokenCatalog(MANY_ITEMS, closing);
      const { config, policy, supervision } = tinyModel("autoregressive", codec);
      const parameters = upload(config, loudWeights(config));
      const { arrays, weight } = await supervision.layOut(parameters, EXAMPLES, 0, {
        ...{ cutoff: 1, negatives: null, key: randomKey(1) },
      });
      assertEquals(weight, 4);
      const loss = tf.tidy(() =>
        supervision.loss(parameters, uploadArrays(arrays), NO_DROPOUT, { negatives: null })
      );
      let expected = 0;
      for (const { history, targets } of EXAMPLES) {
        for (const { after, item, weight } of targets) {
          const context = { ...contextOf(0, history.slice(0, after)), seen: new Set<number>() };
          const slate = {
            groupSize: 1,
            cutoff: 1,
            items: Int32Array.of(item),
            behaviorLogProb: new Float64Array(1),
          };
          const [logProb] = await tf.tidy(() => slateLogProb(policy, parameters, [context], slate)).data();
          expected -= weight / 4 * logProb!;
        }
      }
      assert(expected > 0.5);
      assertAlmostEquals((await loss.data())[0]!, expected, 1e-4);
      tf.dispose([loss, parameters]);
    },
    ["cpu", "wasm", "webgpu"],
  );
}

onEachDevice("a later rank of each example weighs a quarter of its first ones", async () => {
  const codec = tokenCatalog(MANY_ITEMS);
  const { config, supervision } = tinyModel("autoregressive", codec);
  const parameters = upload(config, loudWeights(config));
  const { arrays } = await supervision.layOut(parameters, EXAMPLES, 0, {
    ...{ cutoff: 3, negatives: null, key: randomKey(1) },
  });
  const weights = [...arrays["weights"]!.data].filter((value) => value > 0).sort();
  const expected = [0.25 / 4, 0.75 / 4, 1 / 4, 1 / 4, 2 / 4];
  assertEquals(weights.length, 5);
  weights.forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-6));
  tf.dispose(parameters);
}, ["wasm"]);
