import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { compute, takeNumbers } from "../../src/device/computation.ts";
import { executorOf } from "../../src/device/executor.ts";
import { attention, recompute, rmsNorm, swiglu } from "../../src/device/ops.ts";
import { onEachDevice } from "./devices.ts";
import { plain } from "./finite_differences.ts";

const ROWS = 16, LENGTH = 5, WIDTH = 8, HIDDEN = 12, SHAPE = { heads: 2, kvHeads: 1 }, HEAD = 4, BLOCKS = 4;

type Tensors = Record<string, tf.Tensor>;

/** A layer of a decoder, without positions. */
function block({ x, spans, norm, qkv, out, inner, gateUp, down }: Tensors): tf.Tensor {
  const mixed = attention(
    tf.matMul(rmsNorm(x as tf.Tensor2D, norm!, 1e-5), qkv!) as tf.Tensor2D,
    spans!,
    SHAPE,
  );
  const attended = tf.add(x!, tf.matMul(mixed, out!)) as tf.Tensor2D;
  return tf.add(
    attended,
    tf.matMul(swiglu(tf.matMul(rmsNorm(attended, inner!, 1e-5), gateUp!)), down!),
  );
}

const SHAPES = {
  norm: [WIDTH],
  qkv: [WIDTH, (SHAPE.heads + 2 * SHAPE.kvHeads) * HEAD],
  out: [SHAPE.heads * HEAD, WIDTH],
  inner: [WIDTH],
  gateUp: [WIDTH, 2 * HIDDEN],
  down: [HIDDEN, WIDTH],
};
const PER_BLOCK = Object.keys(SHAPES).length;

const tensor = (seed: number, shape: number[]) => tf.tensor(plain(seed, shape).values, shape);
const weights = () =>
  Array.from({ length: BLOCKS }, (_, b) => Object.values(SHAPES).map((shape, i) => tensor(10 * b + i, shape)))
    .flat();
/** The last tokens of a row see none that came before the second. */
const SPANS = Int32Array.from(
  Array.from({ length: ROWS * LENGTH }, (_, i) => [0, 0, i % LENGTH > 2 ? 1 : 0]).flat(),
);
const spans = () => tf.tensor(SPANS, [ROWS, LENGTH, 3], "int32");

type Wrap = (body: (inputs: Tensors) => tf.Tensor, inputs: Tensors) => tf.Tensor;
const atOnce: Wrap = (body, inputs) => body(inputs);

/** Blocks in a row on [x, weights …]; the last one's output summed with weights that differ from place to place. */
function lossOf(wrap: Wrap, spans: tf.Tensor, atEnd = () => {}) {
  return (x: tf.Tensor, ...weights: tf.Tensor[]): tf.Tensor => {
    // A tensor that is the loss's own, gone when the gradient is taken.
    let h: tf.Tensor = tf.mul(x, 0.5);
    for (let b = 0; b < BLOCKS; b++) {
      const own = weights.slice(b * PER_BLOCK, (b + 1) * PER_BLOCK);
      const named = Object.fromEntries(Object.keys(SHAPES).map((name, i) => [name, own[i]!]));
      h = wrap(block, { x: h, spans, ...named });
    }
    const pull = tensor(99, [ROWS * LENGTH, WIDTH]);
    const loss = tf.sum(tf.mul(tf.square(h), pull));
    atEnd();
    return loss;
  };
}

async function numbersOf(tensors: tf.Tensor[]): Promise<Uint8Array[]> {
  const numbers = await Promise.all(tensors.map((tensor) => tensor.data()));
  return numbers.map(({ buffer, byteOffset, byteLength }) =>
    new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
  );
}

onEachDevice(
  "recomputed blocks in a row have the value and the gradients of plain ones, bit for bit",
  async () => {
    const inputs = [tensor(7, [ROWS * LENGTH, WIDTH]), ...weights()];
    const places = spans();
    const found = (wrap: Wrap) => {
      const loss = lossOf(wrap, places);
      const { value, grads } = tf.valueAndGrads(loss)(inputs);
      return numbersOf([value, ...grads, tf.tidy(() => loss(...(inputs as [tf.Tensor])))]);
    };
    const numbers = await found(atOnce);
    assertEquals(await found(recompute), numbers);
    // A part of a part too, and one part for several blocks.
    assertEquals(
      await found((body, inputs) => recompute((again) => recompute(body, again), inputs)),
      numbers,
    );
  },
);

onEachDevice("recomputed blocks keep what goes into them and no more, and free all of it", () => {
  const inputs = [tensor(7, [ROWS * LENGTH, WIDTH]), ...weights()];
  const places = spans();
  const kept = (wrap: Wrap) => {
    const before = tf.memory();
    let [buffers, bytes, most] = [0, 0, 0];
    const note = () => {
      const { numDataBuffers, numBytes } = tf.memory();
      [buffers, bytes] = [numDataBuffers - before.numDataBuffers, numBytes - before.numBytes];
    };
    const watched: Wrap = (body, inputs) =>
      wrap((again) => {
        const value = body(again);
        most = Math.max(most, tf.memory().numBytes - before.numBytes);
        return value;
      }, inputs);
    tf.dispose(tf.grads(lossOf(watched, places, note))(inputs));
    assertEquals(tf.memory().numTensors, before.numTensors);
    return { buffers, bytes, most };
  };
  const [all, some] = [kept(atOnce), kept(recompute)];
  // A block's output, and what the loss makes beside: ½ and half of x, weights, a square, a product, a sum.
  assertEquals(some.buffers, BLOCKS + 6);
  assert(all.buffers > 5 * some.buffers, `${all.buffers} and ${some.buffers} buffers`);
  // Further handles on a tensor count as bytes here, for both.
  assert(all.bytes > 5 * some.bytes, `${all.bytes} and ${some.bytes} bytes`);
  // While a block is run again in the backward pass, the others' insides are not there.
  assert(all.most > 2 * some.most, `at most ${all.most} and ${some.most} bytes`);
});

onEachDevice(
  "what has no part in a recomputed value has a gradient of zeros, and integers have none",
  async () => {
    const body = ({ x, rows, idle }: Tensors) => (tf.square(idle!), tf.gather(tf.square(x!), rows!));
    const rows = tf.tensor1d([2, 0, 2], "int32");
    const [ofX, ofIdle] = tf.grads((x, idle) => tf.sum(recompute(body, { x: x!, rows, idle: idle! })))(
      [tf.tensor1d([1, 2, 3]), tf.ones([2, 2])],
    );
    assertEquals([...await ofX!.data()], [2, 0, 12]);
    assertEquals([...await ofIdle!.data()], [0, 0, 0, 0]);
  },
);

onEachDevice(
  "a tensor under two names, given back as it is or used beside, gets the whole gradient",
  async () => {
    const x = tf.tensor1d([1, 2]);
    const twice = (x: tf.Tensor) => recompute(({ a, b }) => tf.add(a, tf.square(b)), { a: x, b: x });
    assertEquals([...await tf.grad((x) => tf.sum(twice(x)))(x).data()], [3, 5]);
    const itself = (x: tf.Tensor) => recompute(({ x }) => x, { x });
    assertEquals([...await tf.grad((x) => tf.sum(tf.mul(itself(x), x)))(x).data()], [2, 4]);
    const sum = (x: tf.Tensor) => tf.add(x, recompute(({ x, y }) => tf.add(x, y), { x, y: tf.square(x) }));
    assertEquals([...await tf.grad((x) => tf.sum(sum(sum(x))))(x).data()], [4 * 8, 6 * 18]);
  },
);

onEachDevice("gradients that are one tensor, inside or out, are freed once each", async () => {
  const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([5, 6])];
  const sum = (a: tf.Tensor, b: tf.Tensor) =>
    tf.sum(tf.add(tf.square(a), recompute(({ a, b }) => tf.add(a, b), { a, b })));
  const gradients = await Promise.all(tf.grads(sum as () => tf.Tensor)([a, b]).map((g) => g.data()));
  assertEquals(gradients.map((g) => [...g]), [[3, 5], [1, 1]]);
  const inner = (x: tf.Tensor) =>
    tf.sum(tf.add(tf.square(x), recompute(({ x }) => tf.add(x, tf.square(x)), { x })));
  assertEquals([...await tf.grad(inner)(a).data()], [5, 9]);
});

onEachDevice("a gradient of a gradient goes through what is recomputed", async () => {
  const cubed = (x: tf.Tensor) => recompute(({ x }) => tf.mul(tf.square(x), x), { x });
  const second = tf.grad((x) => tf.sum(tf.grad((x) => tf.sum(cubed(x)))(x)));
  assertEquals([...await second(tf.tensor1d([1, 2])).data()], [6, 12]);
});

onEachDevice("a body that throws when it is run again leaves the next gradient as it is", async () => {
  let runs = 0;
  const failing = (x: tf.Tensor) =>
    recompute(({ x }) => {
      if (runs++ > 0) throw new RangeError("no more");
      return tf.square(x);
    }, { x });
  const x = tf.tensor1d([3]);
  assertThrows(() => tf.grad((x) => tf.sum(failing(tf.square(x))))(x), RangeError, "no more");
  assertEquals([...await tf.grad((x) => tf.sum(tf.square(x)))(x).data()], [6]);
});

onEachDevice(
  "a computation with recomputed blocks gives the plain one's numbers, call after call",
  async (_, t) => {
    const all = weights();
    const named = Object.fromEntries(all.map((weight, i) => [`w${i}`, weight]));
    const step = async (name: string, wrap: Wrap, seed: number) => {
      const numbers = await takeNumbers(compute({
        name,
        constants: null,
        arrays: {
          x: { data: plain(seed, [ROWS * LENGTH, WIDTH]).values, shape: [ROWS * LENGTH, WIDTH] },
          places: { data: SPANS, shape: [ROWS, LENGTH, 3] },
        },
        weights: named,
      }, ({ x, places }) => {
        const { value, grads } = tf.valueAndGrads(lossOf(wrap, places))([x, ...all]);
        return { value, ...Object.fromEntries(grads.map((grad, i) => [`${i}`, grad])) };
      }));
      return numbers;
    };
    for (const seed of [1, 2, 3, 4]) {
      assertEquals(
        await step(`recomputed ${t.name}`, recompute, seed),
        await step(`plain ${t.name}`, atOnce, seed),
      );
    }
    const recorded = executorOf(tf.backend())?.recordings().map(({ name }) => name);
    assert(recorded === undefined || recorded.includes(`recomputed ${t.name}`), "it is not recorded");
  },
);
