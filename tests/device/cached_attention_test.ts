import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertThrows } from "@std/assert";
import { attention, cachedAttention, emptyCache } from "../../src/device/ops.ts";
import { onEachDevice } from "./devices.ts";
import { plain } from "./finite_differences.ts";

const CONTEXTS = 3, GROUP = 2;
/** Empty columns before each history. */
const PADDING = [0, 4, 2];

/** Each slate as a row of its own: its context's history, then its picks. */
async function check(head: number, length: number, picks: number, shape: { heads: number; kvHeads: number }) {
  const width = (shape.heads + 2 * shape.kvHeads) * head, rows = CONTEXTS * GROUP;
  const history = plain(3, [CONTEXTS * length, width]).values,
    newest = plain(4, [picks * rows, width]).values;
  const all = length + picks;
  const whole = new Float32Array(rows * all * width), spans = new Int32Array(rows * all * 3);
  for (let row = 0; row < rows; row++) {
    const context = Math.floor(row / GROUP);
    whole.set(history.slice(context * length * width, (context + 1) * length * width), row * all * width);
    for (let k = 0; k < picks; k++) {
      const from = (k * rows + row) * width;
      whole.set(newest.slice(from, from + width), (row * all + length + k) * width);
    }
    for (let t = 0; t < all; t++) {
      const own = t < PADDING[context]! ? t : PADDING[context]!;
      spans.set([0, 0, own], (row * all + t) * 3);
    }
  }
  const of = (values: ArrayLike<number>, shape: number[]) => tf.tensor(Float32Array.from(values), shape);
  const expected = attention(
    of(whole, [rows * all, width]) as tf.Tensor2D,
    tf.tensor(spans, [rows, all, 3], "int32"),
    shape,
  );
  const pastSpans = Int32Array.from(
    Array.from({ length: CONTEXTS * length }, (_, i) => {
      const own = Math.min(i % length, PADDING[Math.floor(i / length)]!);
      return [0, 0, own];
    }).flat(),
  );
  const cache = emptyCache(rows, picks + 1, shape.kvHeads, head);
  const past = of(history, [CONTEXTS * length, width]) as tf.Tensor2D;
  const values = await expected.data(), out = shape.heads * head;
  for (let k = 0; k < picks; k++) {
    const qkv = of(newest.slice(k * rows * width, (k + 1) * rows * width), [rows, width]) as tf.Tensor2D;
    const spansOf = tf.tensor(pastSpans, [CONTEXTS, length, 3], "int32");
    const found = await cachedAttention(qkv, past, spansOf, cache, tf.tensor1d([k], "int32"), shape).data();
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < out; i++) {
        const full = values[(row * all + length + k) * out + i]!;
        assertAlmostEquals(found[row * out + i]!, full, 1e-5, `row ${row}, pick ${k}, ${i}`);
      }
    }
  }
}

onEachDevice("cachedAttention() is attention over the history and the picks before", async () => {
  await check(4, 7, 3, { heads: 4, kvHeads: 2 });
  await check(3, 5, 2, { heads: 2, kvHeads: 2 });
});

onEachDevice("cachedAttention() takes histories longer, and heads wider, than a group of lanes", async () => {
  await check(70, 150, 2, { heads: 2, kvHeads: 1 });
});

onEachDevice("cachedAttention() refuses a pick beyond the room for it", () => {
  const cache = emptyCache(1, 2, 1, 1);
  const spans = tf.zeros([1, 1, 3], "int32"), row = tf.zeros([1, 3]) as tf.Tensor2D;
  assertThrows(
    () => cachedAttention(row, row, spans, cache, tf.tensor1d([2], "int32"), { heads: 1, kvHeads: 1 }),
    RangeError,
    "pick 2, room for 2",
  );
}, ["cpu", "wasm"]);
