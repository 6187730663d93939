import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { uploadArrays } from "../../src/device/arrays.ts";
import { type ExclusionArrays, exclusionList } from "../../src/device/exclusions.ts";
import { catalogScores } from "../../src/device/ops.ts";
import { onEachDevice } from "./devices.ts";
import { plain } from "./finite_differences.ts";

const ROWS = 5, WIDTH = 6, ITEMS = 1001, TABLE = 1003, PER_ROW = 2;
const hidden = plain(50, [ROWS, WIDTH]), table = plain(51, [TABLE, WIDTH]);
const targets = Int32Array.of(4, 1000, 7, 7, 0, 999, 1002, 4, 500, 501);

/** By row: nothing, a few here and there, all but item 8, a shared and an own stretch, all but the last. */
const LEFT_OUT = [
  [],
  [0, 1, 499, 500, 1000],
  Array.from({ length: ITEMS }, (_, item) => item).filter((item) => item !== 8),
  [3, 700, 4],
  Array.from({ length: ITEMS - 1 }, (_, item) => item),
];

function exclusions(): ExclusionArrays {
  const list = exclusionList(ROWS);
  LEFT_OUT.forEach((items, row) =>
    row === 3
      ? list.exclude(row, list.add(items.slice(0, 2)), list.add(items.slice(2)))
      : list.exclude(row, list.add(items))
  );
  return list.arrays();
}

/** Values and gradients of Σ weight·(log-totals, target scores), as numbers. */
async function scored(blockItems: number) {
  const arrays = uploadArrays(exclusions());
  const places = tf.tensor1d(targets, "int32");
  const inputs: [tf.Tensor2D, tf.Tensor2D] = [
    tf.tensor2d(hidden.values, [ROWS, WIDTH]),
    tf.tensor2d(table.values, [TABLE, WIDTH]),
  ];
  const run = (hidden: tf.Tensor2D, table: tf.Tensor2D) =>
    catalogScores(hidden, table, ITEMS, places, {
      exclusions: arrays,
      blockBytes: 4 * ROWS * blockItems,
    });
  const { logTotals, targetScores } = tf.tidy(() => run(...inputs) as never) as ReturnType<typeof run>;
  const gradients = tf.grads((hidden, table) => {
    const { logTotals, targetScores } = run(hidden as tf.Tensor2D, table as tf.Tensor2D);
    return tf.add(tf.sum(tf.mul(logTotals, [1, -2, 0.5, 3, 1])), tf.sum(tf.mul(targetScores, [[0.7, -1]])));
  })(inputs);
  const tensors = [logTotals, targetScores, ...gradients];
  const numbers = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose([...tensors, ...inputs, places, ...Object.values(arrays)]);
  return numbers as [Float32Array, Float32Array, Float32Array, Float32Array];
}

const dot = (row: number, item: number) =>
  Array.from(
    { length: WIDTH },
    (_, i) => hidden.values[row * WIDTH + i]! * table.values[item * WIDTH + i]!,
  ).reduce((sum, x) => sum + x, 0);

for (const blockItems of [ITEMS, 400, 7]) {
  const name = blockItems === ITEMS ? "one block" : `blocks of ${blockItems} items`;

  onEachDevice(`log-totals and target scores in ${name} are those of the definition`, async () => {
    const [logTotals, targetScores] = await scored(blockItems);
    LEFT_OUT.forEach((out, row) => {
      const left = Array.from({ length: ITEMS }, (_, item) => item).filter((item) => !out.includes(item));
      const total = Math.log(left.reduce((sum, item) => sum + Math.exp(dot(row, item)), 0));
      assertAlmostEquals(logTotals[row]!, total, 1e-5);
    });
    targets.forEach((item, i) =>
      assertAlmostEquals(targetScores[i]!, dot(Math.floor(i / PER_ROW), item), 1e-5)
    );
  });

  onEachDevice(`the gradient in ${name} is that of one block, and the same bits twice`, async () => {
    const found = await scored(blockItems);
    assertEquals(await scored(blockItems), found);
    (await scored(ITEMS)).forEach((values, which) =>
      values.forEach((value, i) =>
        assertAlmostEquals(found[which]![i]!, value, 1e-5 * (1 + Math.abs(value)), `${which} [${i}]`)
      )
    );
  });

  onEachDevice(`what a row leaves out in ${name} has a gradient of exactly 0`, async () => {
    const list = exclusionList(1);
    list.exclude(0, list.add([2, 9]), list.add([11]));
    const arrays = uploadArrays(list.arrays());
    const [h, places] = [tf.tensor2d(hidden.values.slice(0, WIDTH), [1, WIDTH]), tf.tensor1d([4], "int32")];
    const gradient = tf.grad((table) =>
      catalogScores(h, table as tf.Tensor2D, ITEMS, places, {
        exclusions: arrays,
        blockBytes: 4 * blockItems,
      }).logTotals
    )(tf.tensor2d(table.values, [TABLE, WIDTH]));
    const values = await gradient.data();
    for (let item = 0; item < TABLE; item++) {
      const moved = values.subarray(item * WIDTH, (item + 1) * WIDTH).some((g) => g !== 0);
      assertEquals(moved, item < ITEMS && ![2, 9, 11].includes(item), `item ${item}`);
    }
  });
}

for (const blockItems of [ITEMS, 400]) {
  const name = blockItems === ITEMS ? "one block" : `blocks of ${blockItems} items`;

  onEachDevice(
    `of a frozen table in ${name} no gradient is made, and the hidden states' has the same bits`,
    async () => {
      const arrays = uploadArrays(exclusions());
      const places = tf.tensor1d(targets, "int32");
      const h = tf.tensor2d(hidden.values, [ROWS, WIDTH]), rows = tf.tensor2d(table.values, [TABLE, WIDTH]);
      const loss = (frozenTable: boolean) => (hidden: tf.Tensor, table: tf.Tensor) => {
        const { logTotals, targetScores } = catalogScores(
          hidden as tf.Tensor2D,
          table as tf.Tensor2D,
          ITEMS,
          places,
          { exclusions: arrays, blockBytes: 4 * ROWS * blockItems, frozenTable },
        );
        return tf.add(
          tf.sum(tf.mul(logTotals, [1, -2, 0.5, 3, 1])),
          tf.sum(tf.mul(targetScores, [[0.7, -1]])),
        );
      };
      /** The gradients, and how many tensors as large as the table were made for them. */
      const taken = (gradients: () => tf.Tensor[]) => {
        const engine = tf.engine();
        using runs = stub(engine, "runKernel", engine.runKernel.bind(engine));
        const made = gradients();
        const large = runs.calls.filter(({ args: [kernel], returned }) =>
          // A further handle on the table is no table.
          kernel !== "Identity" &&
          [returned as unknown as tf.Tensor].flat().some(({ shape }) => shape[0] === TABLE)
        );
        return { made, large: large.length };
      };
      const both = taken(() => tf.grads(loss(false))([h, rows]));
      const frozen = taken(() => tf.grads((hidden) => loss(true)(hidden, rows))([h]));
      assertEquals([both.large, frozen.large], [1, 0]);
      assertEquals(await frozen.made[0]!.data(), await both.made[0]!.data());
      assertThrows(() => tf.grads((table) => loss(true)(h, table))([rows]), Error, "Cannot compute gradient");
    },
  );
}

onEachDevice(
  "a row that leaves out everything has a total far below any other, and no gradient",
  async () => {
    const list = exclusionList(1);
    list.exclude(0, list.add([0, 1, 2]));
    const arrays = uploadArrays(list.arrays());
    const places = tf.tensor1d([1], "int32");
    const h = tf.tensor2d([[1, 2]]), rows = tf.tensor2d([[1, 0], [0, 1], [1, 1]]);
    const total = (h: tf.Tensor, rows: tf.Tensor) =>
      catalogScores(h as tf.Tensor2D, rows as tf.Tensor2D, 3, places, { exclusions: arrays }).logTotals;
    assert((await total(h, rows).data())[0]! < -9e8);
    for (const gradient of tf.grads(total)([h, rows])) {
      assert((await gradient.data()).every((g) => g === 0));
    }
  },
);

onEachDevice("a catalog in blocks leaves no tensor behind", async () => {
  await scored(100);
  const before = tf.memory().numTensors;
  await scored(100);
  assertEquals(tf.memory().numTensors, before);
});
