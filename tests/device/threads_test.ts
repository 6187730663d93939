import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { openDevice } from "../../src/device/open_device.ts";
import { attention } from "../../src/device/ops.ts";
import { plain } from "./finite_differences.ts";

const ROWS = 24, LENGTH = 24, SHAPE = { heads: 4, kvHeads: 2 }, HEAD = 16;

/** Attention and its gradient, as large as the threads share. */
async function numbers(): Promise<Uint8Array[]> {
  const shape: [number, number] = [ROWS * LENGTH, (SHAPE.heads + 2 * SHAPE.kvHeads) * HEAD];
  const qkv = tf.tensor(plain(1, shape).values, shape) as tf.Tensor2D;
  const spans = tf.zeros([ROWS, LENGTH, 3], "int32");
  const upstream = tf.tensor(plain(2, [ROWS * LENGTH, SHAPE.heads * HEAD]).values, [
    ROWS * LENGTH,
    SHAPE.heads * HEAD,
  ]);
  const loss = (qkv: tf.Tensor) => tf.sum(tf.mul(attention(qkv as tf.Tensor2D, spans, SHAPE), upstream));
  const made = [attention(qkv, spans, SHAPE), tf.grad(loss as (x: tf.Tensor) => tf.Tensor)(qkv)];
  const bits = await Promise.all(made.map(async (t) => new Uint8Array((await t.data()).slice().buffer)));
  tf.dispose([qkv, spans, upstream, ...made]);
  return bits;
}

Deno.test({
  name: "attention and its gradient are the same bits with one thread and with two, time after time",
  // The backend and its helper threads outlive a test.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await openDevice({ device: "wasm", threads: 1 });
    const alone = await numbers();
    await openDevice({ device: "wasm", threads: 2 });
    for (let i = 0; i < 40; i++) assertEquals(await numbers(), alone, `time ${i}`);
  },
});
