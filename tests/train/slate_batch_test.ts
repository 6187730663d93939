import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../src/device/open_device.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { nextItemBatch, slateBatch } from "../../src/train/next_item_loss.ts";
import { loudWeights, tinyModel, upload } from "../model/tiny_model.ts";

const { config, codec } = tinyModel("autoregressive", 9);
const EXAMPLES = [[4, 1, 7], [2], [], [0, 8, 3, 5, 6]].map((history, row) => ({
  history,
  targets: [...history, (row + 2) % 9].map((item, after) => ({ after, item, weight: 1 })),
}));
const CUTOFF = 4;

/** Slates of a batch as (row, branch) → the picks and their target. */
async function slatesOf(seed: number) {
  const parameters = upload(config, loudWeights(config));
  const before = tf.memory().numTensors;
  const options = { cutoff: CUTOFF, branches: 2, key: randomKey(seed) };
  const batch = await slateBatch(config, codec, parameters, EXAMPLES, options);
  const { sequences } = batch;
  const tokens = sequences.arrays.tokens.data;
  const positions = batch.arrays.predicting.data, targets = batch.arrays.targets.data;
  const found = EXAMPLES.flatMap(({ history }, row) =>
    [0, 1].slice(0, history.length + 1).map((branch) => {
      const at = Array.from({ length: CUTOFF - 1 }, (_, k) => sequences.pickPosition(row, branch, k));
      const predicted = at.map((position) => {
        const places = [...positions.subarray(0, batch.predictions)].flatMap((p, i) =>
          p === position ? [i] : []
        );
        assertEquals(places.length, 1, `predictions at row ${row}, branch ${branch}`);
        return targets[places[0]!]!;
      });
      return { row, picks: at.map((position) => tokens[position]!), predicted };
    })
  );
  assertEquals(tf.memory().numTensors, before);
  tf.dispose(Object.values(parameters));
  return found;
}

Deno.test("slateBatch() completes slates of plausible, wrong picks: none seen, none twice, never the target", async () => {
  await openDevice({ device: "cpu" });
  for (let seed = 0; seed < 10; seed++) {
    for (const { row, picks, predicted } of await slatesOf(seed)) {
      const [target] = predicted;
      assertEquals(predicted, [target, target, target]);
      assertEquals(new Set(picks).size, CUTOFF - 1, `picks ${picks}`);
      assert(!picks.includes(target!), `target ${target} among ${picks}`);
      const { history, targets } = EXAMPLES[row]!;
      const past = history.slice(0, targets.find(({ item }) => item === target)!.after);
      for (const item of past) assert(!picks.includes(item), `seen ${item} among ${picks}`);
      for (const item of picks) assert(item >= 0 && item < 9);
    }
  }
});

Deno.test("slateBatch() for slates of one item picks nothing", async () => {
  await openDevice({ device: "wasm", threads: 1 });
  const parameters = upload(config, loudWeights(config));
  const options = { cutoff: 1, branches: 2, key: randomKey(1) };
  const batch = await slateBatch(config, codec, parameters, EXAMPLES, options);
  assertEquals(batch.sequences.branchLength, 0);
  tf.dispose(Object.values(parameters));
});

Deno.test("slateBatch() takes its picks from the key", async () => {
  await openDevice({ device: "cpu" });
  assertEquals(await slatesOf(1), await slatesOf(1));
  assert(JSON.stringify(await slatesOf(1)) !== JSON.stringify(await slatesOf(2)));
});

Deno.test("nextItemBatch() predicts each target at the place before it, padding weighs nothing", async () => {
  await openDevice({ device: "cpu" });
  const batch = nextItemBatch(config, codec, EXAMPLES);
  const tokens = batch.arrays.tokens.data, positions = batch.arrays.predicting.data;
  const targets = batch.arrays.targets.data, weights = batch.arrays.weights.data;
  let at = 0;
  for (const { history, targets: own } of EXAMPLES) {
    for (const { after, item } of own) {
      assertEquals(tokens[positions[at]!], after === 0 ? codec.opening[0]! : history[after - 1]);
      assertEquals(targets[at], item);
      assertEquals(weights[at], Math.fround(1 / batch.predictions));
      at++;
    }
  }
  assertEquals(at, batch.predictions);
  assertEquals(weights.subarray(at).some((weight) => weight !== 0), false);
});
