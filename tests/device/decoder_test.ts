import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { dropout, dropoutKeys } from "../../src/model/dropout.ts";
import { initialParameters } from "../../src/model/parameters.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { createModel } from "../../src/train/model.ts";
import { nextItemBatch, nextItemLoss } from "../../src/train/next_item_loss.ts";
import { valueAndGradients } from "../../src/train/value_and_gradients.ts";
import { onEachDevice } from "./devices.ts";

const ITEMS = 23;
const model = createModel({
  slate: "plackett-luce",
  layers: 2,
  width: 24,
  heads: 4,
  kvHeads: 2,
  hidden: 30,
  dropout: 0.1,
  ropeBase: 10_000,
  normEpsilon: 1e-5,
}, ITEMS);
// 34 tokens are filled up to 40, and on a GPU to 48: the masks have to be the same.
const examples = [5, 33, 2].map((length, row) => ({
  history: Array.from({ length }, (_, i) => (row * 7 + i * 5) % ITEMS),
  targets: Array.from(
    { length: length + 1 },
    (_, i) => ({ after: i, item: (row + i * 3) % ITEMS, weight: 1 }),
  ),
}));

/** Loss and gradients of a decoder step on the current device, as numbers. */
async function step(): Promise<Map<string, Float32Array>> {
  const parameters = initialParameters(model.config, randomKey(3));
  const { config } = model;
  const batch = uploadArrays({
    ...nextItemBatch(config, model.codec, examples).arrays,
    drop: dropoutKeys(config, randomKey(4)),
  });
  const { value, gradients } = valueAndGradients(
    parameters,
    (parameters) =>
      nextItemLoss(config, ITEMS, parameters, batch, dropout(config, batch.drop, model.dropout)),
  );
  tf.dispose(Object.values(batch));
  const numbers = new Map([["loss", await value.data() as Float32Array]]);
  for (const [name, gradient] of Object.entries(gradients)) {
    numbers.set(name, await gradient.data() as Float32Array);
  }
  tf.dispose([value, ...Object.values(gradients), ...Object.values(parameters)]);
  return numbers;
}

onEachDevice("a decoder's loss and every gradient are those of the cpu", async () => {
  const found = await step();
  await openDevice({ device: "cpu" });
  const expected = await step();
  assertEquals([...found.keys()], [...expected.keys()]);
  for (const [name, values] of expected) {
    const scale = Math.max(...values.map(Math.abs));
    values.forEach((value, i) =>
      assertAlmostEquals(found.get(name)![i]!, value, 1e-4 * scale, `${name} [${i}]`)
    );
  }
}, ["wasm", "native", "webgpu"]);

onEachDevice("a decoder step gives the same bits twice, and leaves no tensor behind", async () => {
  const first = await step();
  const tensors = tf.memory().numTensors;
  assertEquals(await step(), first);
  assertEquals(tf.memory().numTensors, tensors);
});
