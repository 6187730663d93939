import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { uploadArrays } from "../../src/device/arrays.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { hiddenStates, itemScores } from "../../src/model/decoder.ts";
import { initialParameters, parameterCount, parameterShapes } from "../../src/model/parameters.ts";
import { layOutSequences, rotaryAngles, type Sequence } from "../../src/model/sequences.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { onEachDevice } from "../device/devices.ts";
import { historyPlaces, logTotal, referenceHidden, referenceScores, withPicks } from "./reference_decoder.ts";
import { loudWeights, tinyModel, upload } from "./tiny_model.ts";

const { config, codec, items } = tinyModel("autoregressive");
const weights = loudWeights(config);

/** Hidden states of sequences, as `at(row, place)`: places count history tokens, then picks branch by branch. */
async function hiddenOf(sequences: readonly Sequence[]) {
  const parameters = upload(config, weights);
  const batch = layOutSequences(config, sequences, codec.opening[0]!);
  const hidden = tf.tidy(() => hiddenStates(config, parameters, uploadArrays(batch.arrays)));
  const values = await hidden.data() as Float32Array;
  tf.dispose([hidden, ...Object.values(parameters)]);
  const row = (
    position: number,
  ) => [...values.subarray(position * config.width, (position + 1) * config.width)];
  return {
    history: (r: number, index: number) => row(batch.historyPosition(r, index)),
    pick: (r: number, branch: number, index: number) => row(batch.pickPosition(r, branch, index)),
  };
}

function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number, place = "") {
  assertEquals(actual.length, expected.length);
  actual.forEach((value, i) => assertAlmostEquals(value, expected[i]!, tolerance, `${place} [${i}]`));
}

/** Histories of 1 to 11 tokens, so that padding of every width occurs, with branches that start early and late. */
const SEQUENCES: readonly Sequence[] = [11, 1, 8, 3, 9, 5, 2, 7].map((length, row) => ({
  history: [codec.opening[0]!, ...Array.from({ length: length - 1 }, (_, i) => (3 * row + 2 * i) % items)],
  branches: [
    { start: length, picks: [(row + 1) % items, (row + 3) % items, row % items] },
    { start: Math.ceil(length / 2), picks: [(row + 2) % items, (row + 1) % items].slice(0, 1 + row % 2) },
  ],
}));

onEachDevice("hidden states of histories and branches are those of the decoder written out", async () => {
  const found = await hiddenOf(SEQUENCES);
  for (const [row, { history, branches }] of SEQUENCES.entries()) {
    const places = historyPlaces(history);
    referenceHidden(config, weights, places).forEach((expected, i) =>
      assertClose(found.history(row, i), expected, 2e-5, `row ${row}, history ${i}`)
    );
    for (const [branch, { start, picks }] of branches.entries()) {
      referenceHidden(config, weights, withPicks(places, start, picks)).slice(history.length)
        .forEach((expected, i) =>
          assertClose(found.pick(row, branch, i), expected, 2e-5, `row ${row}, branch ${branch}, pick ${i}`)
        );
    }
  }
});

onEachDevice("a batch of eight sequences equals eight batches of one", async () => {
  const together = await hiddenOf(SEQUENCES);
  for (const [row, sequence] of SEQUENCES.entries()) {
    const alone = await hiddenOf([sequence]);
    sequence.history.forEach((_, i) =>
      assertClose(together.history(row, i), alone.history(0, i), 1e-5, `row ${row}, history ${i}`)
    );
    sequence.branches.forEach(({ picks }, branch) =>
      picks.forEach((_, i) =>
        assertClose(together.pick(row, branch, i), alone.pick(0, branch, i), 1e-5, `row ${row}, pick ${i}`)
      )
    );
  }
}, ["cpu", "wasm"]);

onEachDevice("a later token changes no earlier hidden state, to the bit", async () => {
  const history = [codec.opening[0]!, 1, 2, 3, 4, 5];
  const before = await hiddenOf([{ history, branches: [] }]);
  for (let changed = 1; changed < history.length; changed++) {
    const other = history.with(changed, 6);
    const after = await hiddenOf([{ history: other, branches: [] }]);
    for (let i = 0; i < changed; i++) assertEquals(after.history(0, i), before.history(0, i));
    assertNotEquals(after.history(0, changed), before.history(0, changed));
    assertNotEquals(after.history(0, history.length - 1), before.history(0, history.length - 1));
  }
}, ["cpu", "wasm"]);

onEachDevice("branches see neither each other nor the history after their start, to the bit", async () => {
  const row = (one: number[], other: number[], last = 4): Sequence => ({
    history: [codec.opening[0]!, 1, 2, last],
    branches: [{ start: 4, picks: one }, { start: 3, picks: other }],
  });
  const before = await hiddenOf([row([3, 5], [6, 0])]);
  const otherBranch = await hiddenOf([row([3, 5], [1, 2])]);
  const otherLast = await hiddenOf([row([3, 5], [6, 0], 5)]);
  for (const i of [0, 1]) {
    assertEquals(otherBranch.pick(0, 0, i), before.pick(0, 0, i));
    assertNotEquals(otherBranch.pick(0, 1, i), before.pick(0, 1, i));
    assertEquals(otherLast.pick(0, 1, i), before.pick(0, 1, i));
    assertNotEquals(otherLast.pick(0, 0, i), before.pick(0, 0, i));
  }
  for (const i of [0, 1, 2, 3]) assertEquals(otherBranch.history(0, i), before.history(0, i));
}, ["cpu", "wasm"]);

Deno.test("a marked pick is told apart from the same item in the history", async () => {
  await openDevice({ device: "cpu" });
  const asHistory = await hiddenOf([{ history: [codec.opening[0]!, 1, 2], branches: [] }]);
  const asPick = await hiddenOf([{ history: [codec.opening[0]!, 1], branches: [{ start: 2, picks: [2] }] }]);
  const [one, other] = [asHistory.history(0, 2), asPick.pick(0, 0, 0)];
  assert(Math.max(...one.map((value, i) => Math.abs(value - other[i]!))) > 0.05);
});

Deno.test("rotary angles depend on differences of positions alone", () => {
  const half = config.width / config.heads / 2;
  const { data } = rotaryAngles(config, 14);
  const turn = (place: number, i: number) =>
    Math.atan2(data[(2 * place + 1) * half + i]!, data[2 * place * half + i]!);
  for (let i = 0; i < half; i++) {
    const difference = (turn(13, i) - turn(10, i)) - (turn(3, i) - turn(0, i));
    assertAlmostEquals(Math.cos(difference), 1, 1e-6);
    assertAlmostEquals(Math.cos(turn(3, i)), Math.cos(3 * 100 ** (-i / half)), 1e-6);
  }
});

Deno.test("item scores are products with the embedding's first rows, and know no special token", async () => {
  await openDevice({ device: "cpu" });
  const parameters = upload(config, weights);
  const hidden = [[1, -2, 0.5, 0, 3, 1, 0, -1], [0, 0, 1, 0, 0, 0, 0, 0]];
  const scores = itemScores(parameters, tf.tensor2d(hidden), items);
  assertEquals(scores.shape, [2, items]);
  assertClose(
    [...await scores.data()],
    hidden.flatMap((row) => referenceScores(config, weights, row, items)),
    1e-5,
  );
  tf.dispose([scores, ...Object.values(parameters)]);
});

Deno.test("the weights are those of a Llama of this shape, and the embedding is tied", () => {
  // Embedding 8 x 8; pick and its gate 2 x 8; a layer: norms 2 x 8, qkv 8 x 16, out 8 x 8, gate and up 8 x 12, down 6 x 8.
  assertEquals(parameterCount(config), 64 + 16 + 2 * (16 + 128 + 64 + 96 + 48) + 8);
  assertEquals(parameterCount(tinyModel("plackett-luce").config), parameterCount(config) - 16);
  assertEquals([...parameterShapes(config).keys()].some((name) => /head|output/i.test(name)), false);
});

Deno.test("fresh weights follow from the key alone, with the deviations of GPT-2", async () => {
  await openDevice({ device: "cpu" });
  const shape = tinyModel("plackett-luce", 200, { width: 64, hidden: 128 }).config;
  const values = async (seed: number) => {
    const parameters = initialParameters(shape, randomKey(seed));
    const read = await Promise.all(
      ["embedding", "layers.1.down", "norm"].map((name) => parameters[name]!.data() as Promise<Float32Array>),
    );
    tf.dispose(Object.values(parameters));
    return read;
  };
  const [first, again, other] = [await values(1), await values(1), await values(2)];
  assertEquals(first, again);
  assertNotEquals(first[0], other[0]);
  const deviation = (x: Float32Array) =>
    Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  assertAlmostEquals(deviation(first[0]!), 0.02, 5e-4);
  assertAlmostEquals(deviation(first[1]!), 0.02 / Math.sqrt(2 * 2), 5e-4);
  assertEquals([...new Set(first[2]!)], [1]);
});

Deno.test("fresh weights of two layers are nearly indifferent between items", async () => {
  await openDevice({ device: "cpu" });
  const fresh = initialParameters(config, randomKey(3));
  const batch = layOutSequences(
    config,
    [{ history: [codec.opening[0]!, 1, 2], branches: [] }],
    codec.opening[0]!,
  );
  const hidden = tf.tidy(() => hiddenStates(config, fresh, uploadArrays(batch.arrays)));
  const scores = itemScores(
    fresh,
    tf.slice(hidden, [batch.historyPosition(0, 2), 0], [1, config.width]),
    items,
  );
  const values = [...await scores.data()];
  const most = Math.max(...values.map((value) => value - logTotal(values)));
  assert(most < Math.log(1.5 / items), `the likeliest of ${items} items has ${Math.exp(most)}`);
  tf.dispose([hidden, scores, ...Object.values(fresh)]);
});
