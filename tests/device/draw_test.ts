import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { drawItems, emptyPicks, NO_SCORE } from "../../src/device/ops.ts";
import { openDevice } from "../../src/device/open_device.ts";
import { logSumExp } from "../../src/numerics/log_space.ts";
import { keyOfWords } from "../../src/numerics/random.ts";
import { onEachDevice } from "./devices.ts";
import { plain } from "./finite_differences.ts";

interface Case {
  /** Rows of scores, of lists and of picks for each row of scores. */
  readonly scored: number;
  readonly lists: readonly (readonly number[])[];
  readonly times: number;
  readonly items: number;
  readonly cutoff: number;
  /** Picks of one call, made one after another: cutoff where all at once. */
  readonly count: number;
  readonly spreads: readonly number[];
  /** Columns of a block. */
  readonly block: number;
  readonly loudness?: number;
}

const CASE: Case = {
  scored: 6,
  lists: [[3, 17, 4], [], [0, 36, 5, 6]],
  times: 1,
  items: 37,
  cutoff: 5,
  count: 1,
  spreads: [1, 0.25, 0],
  block: 37,
};

const keyWords = (row: number) => [(row * 0x9e3779b1) | 0, (row * 0x85ebca6b + 77) | 0] as const;

/** All that a draw leaves, on the current device. */
async function draw({ scored, lists, times, items, cutoff, count, spreads, block, loudness = 3 }: Case) {
  const rows = scored * times;
  const values = plain(7, [scored, items]).values.map((value) => loudness * value);
  const starts = [0];
  for (const list of lists) starts.push(starts.at(-1)! + list.length);
  const inputs = {
    starts: tf.tensor1d(starts, "int32"),
    listed: tf.tensor1d([...lists.flat(), -1], "int32"),
    keys: tf.tensor2d(
      Int32Array.from(Array.from({ length: rows }, (_, row) => keyWords(row)).flat()),
      [rows, 2],
      "int32",
    ),
    spreads: tf.tensor1d(Array.from({ length: rows }, (_, row) => spreads[row % spreads.length]!)),
  };
  const picks = emptyPicks(rows, cutoff);
  for (let at = 0; at < cutoff; at += count) {
    for (let first = 0; first < items; first += block) {
      const columns = Math.min(block, items - first);
      const part = tf.slice(tf.tensor2d(values.slice(), [scored, items]), [0, first], [scored, columns]);
      drawItems(part as tf.Tensor2D, inputs, picks, { at, count, catalog: items, first });
    }
  }
  const out = {
    values: Float32Array.from(values),
    items: [...await picks.items.data()],
    scores: [...await picks.scores.data()],
    rests: [...await picks.rests.data()],
  };
  return out;
}

/** The same by sorting, from the definition. */
function drawn({ scored, lists, times, items, cutoff, count, spreads }: Case, values: Float32Array) {
  const found = { items: [] as number[], scores: [] as number[], rests: [] as (number | null)[] };
  for (let row = 0; row < scored * times; row++) {
    const s = Math.floor(row / times), scores = values.subarray(s * items, (s + 1) * items);
    const gone = new Set(lists[Math.floor(s / (scored / lists.length))]);
    const spread = spreads[row % spreads.length]!;
    for (let at = 0; at < cutoff; at += count) {
      const noise = new Float32Array(items);
      keyOfWords(...keyWords(row)).fillGumbel(noise, at * items);
      const order = Array.from(scores.keys()).filter((item) => !gone.has(item)).sort((one, other) =>
        scores[other]! + spread * noise[other]! - scores[one]! - spread * noise[one]!
      );
      for (let k = 0; k < count; k++) {
        const item = order[k] ?? -1;
        found.items.push(item);
        found.scores.push(scores[item] ?? Math.fround(NO_SCORE));
        if (item >= 0) gone.add(item);
        found.rests.push(k === 0 ? logSumExp(order.slice(count).map((item) => scores[item]!)) : null);
      }
    }
  }
  return found;
}

async function checkDraw(asked: Case): Promise<void> {
  const made = await draw(asked), expected = drawn(asked, made.values);
  assertEquals(made.items, expected.items);
  assertEquals(made.scores, expected.scores);
  expected.rests.forEach((rest, i) => {
    if (rest === null) return;
    if (rest === -Infinity) assertEquals(made.rests[i], Math.fround(NO_SCORE));
    else assertAlmostEquals(made.rests[i]!, rest, 1e-5 * (1 + Math.abs(rest)), `rest ${i}`);
  });
}

onEachDevice(
  "drawItems() takes the largest of scores and noise that may be picked, pick by pick",
  async () => {
    await checkDraw(CASE);
    await checkDraw({ ...CASE, items: 1500, block: 1500, loudness: 1 });
  },
);

onEachDevice("drawItems() draws several picks at once, for several rows from the same scores", async () => {
  await checkDraw({ ...CASE, times: 4, count: 5, spreads: [1, 0.25, 0, 3] });
  await checkDraw({ ...CASE, times: 3, count: 5, items: 1500, block: 1500, loudness: 0.1 });
});

onEachDevice("drawItems() draws from blocks of the catalog what it draws from all of it", async () => {
  for (const block of [1, 7, 36]) {
    await checkDraw({ ...CASE, block });
    await checkDraw({ ...CASE, block, times: 2, count: 5 });
  }
});

onEachDevice("drawItems() fills a slate from the last items left, and says when there are none", async () => {
  const all = Array.from({ length: 37 }, (_, item) => item);
  const lists = [all.filter((item) => item % 8 !== 1), all.slice(3), all];
  for (const block of [37, 10]) {
    await checkDraw({ ...CASE, lists, block });
    await checkDraw({ ...CASE, lists, block, count: 5 });
  }
});

onEachDevice("drawItems() keeps its digits however far apart scores are", async () => {
  await checkDraw({ ...CASE, loudness: 300 });
  await checkDraw({ ...CASE, loudness: 300, count: 5, block: 11 });
});

onEachDevice("drawItems() takes the lower of two items at a tie", async () => {
  const picks = emptyPicks(1, 3);
  const ints = (...values: number[]) => tf.tensor1d(values, "int32");
  const inputs = { starts: ints(0, 0), listed: ints(-1), keys: ints(0, 0), spreads: tf.tensor1d([0]) };
  const scores = Array.from({ length: 600 }, (_, item) => item % 300 === 7 ? 2 : item === 500 ? 2 : 1);
  drawItems(tf.tensor2d(scores, [1, 600]), inputs, picks, { at: 0, count: 3, catalog: 600, first: 0 });
  assertEquals([...await picks.items.data()], [7, 307, 500]);
});

Deno.test({
  name: "drawItems() gives the same bits with one thread and with two",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const asked = { ...CASE, scored: 300, items: 4001, block: 1500, loudness: 1 };
    await openDevice({ device: "wasm", threads: 1 });
    const alone = await draw(asked);
    await openDevice({ device: "wasm", threads: 2 });
    assertEquals(await draw(asked), alone);
    assert(new Set(alone.items).size > 100);
  },
});

onEachDevice("drawItems() refuses rows that do not match", () => {
  const ints = (...values: number[]) => tf.tensor1d(values, "int32");
  const inputs = { starts: ints(0, 0), listed: ints(-1), keys: ints(0, 0, 0, 0), spreads: tf.zeros([2]) };
  const scores = tf.zeros([1, 3]) as tf.Tensor2D;
  const picks = emptyPicks(2, 2);
  assertThrows(
    () => drawItems(scores, inputs, picks, { at: 1, count: 1, catalog: 3, first: 0 }),
    RangeError,
    "2 rows from 1 rows of scores",
  );
  assertThrows(
    () => drawItems(scores, inputs, picks, { at: 0, count: 3, catalog: 3, first: 0 }),
    RangeError,
    "picks 0 … 2 of 2",
  );
  assertThrows(
    () => drawItems(scores, inputs, picks, { at: 0, count: 0, catalog: 3, first: 0 }),
    RangeError,
    "picks 0 … -1 of 2",
  );
}, ["cpu"]);
