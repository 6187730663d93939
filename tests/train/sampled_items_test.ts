import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import { catalogScores } from "../../src/device/ops.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { sampledCrossEntropy, sampleItems } from "../../src/train/sampled_items.ts";
import { onEachDevice } from "../device/devices.ts";
import { plain } from "../device/finite_differences.ts";

const ITEMS = 20, ROWS = 3;
const hidden = plain(60, [ROWS, 4]), table = plain(61, [ITEMS + 1, 4]);
const TARGETS = Int32Array.of(4, 19, 4);

Deno.test("sampleItems() draws every item as often as any other, in rising order", () => {
  const counts = new Array<number>(ITEMS).fill(0);
  const draws = 3000, wanted = 7;
  for (let step = 0; step < draws; step++) {
    const { negatives } = sampleItems(ITEMS, wanted, TARGETS, randomKey(1).split("step", step));
    const drawn = [...negatives.data];
    assertEquals(drawn, drawn.toSorted((one, other) => one - other));
    for (const item of drawn) counts[item]!++;
  }
  // 5 standard deviations of a binomial count around draws·7/20.
  const expected = draws * wanted / ITEMS;
  for (const count of counts) assertAlmostEquals(count, expected, 5 * Math.sqrt(expected));
});

Deno.test("a prediction leaves out its own target among the sampled items, and nothing else", () => {
  const { negatives, exclusionSpans, excludedItems } = sampleItems(ITEMS, 12, TARGETS, randomKey(2));
  let left = 0;
  for (let row = 0; row < ROWS; row++) {
    const [from, to, own, ownEnd] = exclusionSpans.data.subarray(4 * row, 4 * row + 4);
    assertEquals([own, ownEnd], [0, 0]);
    const places = [...excludedItems.data.subarray(from, to)];
    const expected = [...negatives.data.keys()].filter((place) => negatives.data[place] === TARGETS[row]);
    assertEquals(places, expected);
    left += places.length;
  }
  assert(left > 0, "no target was drawn: nothing is tested");
});

/** Losses and gradients of Σ weight·loss by hidden states and table. */
async function losses(loss: (hidden: tf.Tensor2D, table: tf.Tensor2D) => tf.Tensor) {
  const inputs = [hidden, table].map(({ shape, values }) => tf.tensor(values, shape));
  const run = (hidden: tf.Tensor, table: tf.Tensor) => loss(hidden as tf.Tensor2D, table as tf.Tensor2D);
  const value = tf.tidy(() => run(inputs[0]!, inputs[1]!));
  const gradients = tf.grads((hidden, table) => tf.sum(tf.mul(run(hidden!, table!), [1, -2, 0.5])))(inputs);
  const numbers = await Promise.all([value, ...gradients].map((tensor) => tensor.data()));
  tf.dispose([value, ...gradients, ...inputs]);
  return numbers as Float32Array[];
}

const full = (hidden: tf.Tensor2D, table: tf.Tensor2D) => {
  const { logTotals, targetScores } = catalogScores(hidden, table, ITEMS, tf.tensor1d(TARGETS, "int32"));
  return tf.sub(logTotals, tf.reshape(targetScores, [ROWS]));
};

onEachDevice("as many sampled items as there are give the full cross-entropy and its gradient", async () => {
  const sampled = uploadArrays(sampleItems(ITEMS, 1000, TARGETS, randomKey(3)));
  const found = await losses((hidden, table) =>
    sampledCrossEntropy(hidden, table, ITEMS, tf.tensor1d(TARGETS, "int32"), sampled)
  );
  (await losses(full)).forEach((values, which) =>
    values.forEach((value, i) =>
      assertAlmostEquals(found[which]![i]!, value, 1e-5 * (1 + Math.abs(value)), `${which} [${i}]`)
    )
  );
});

onEachDevice("few sampled items estimate the total without a bias", async () => {
  const [expected] = await losses(full);
  const draws = 1500;
  const odds = new Float64Array(ROWS);
  for (let step = 0; step < draws; step++) {
    const sampled = uploadArrays(sampleItems(ITEMS, 5, TARGETS, randomKey(4).split("step", step)));
    const loss = tf.tidy(() =>
      sampledCrossEntropy(
        tf.tensor2d(hidden.values, [ROWS, 4]),
        tf.tensor2d(table.values, [ITEMS + 1, 4]),
        ITEMS,
        tf.tensor1d(TARGETS, "int32"),
        sampled,
      )
    );
    // A loss is the logarithm of the total over the target's part of it.
    (await loss.data()).forEach((value, row) => odds[row]! += Math.exp(value) / draws);
    tf.dispose([loss, ...Object.values(sampled)]);
  }
  odds.forEach((value, row) => assertAlmostEquals(value / Math.exp(expected![row]!), 1, 0.06));
}, ["wasm"]);
