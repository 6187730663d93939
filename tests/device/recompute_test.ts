import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { compute, readNumbers } from "../../src/device/computation.ts";
import { recompute } from "../../src/device/ops.ts";
import { rmsNorm, swiglu } from "../../src/device/ops.ts";
import { randomKey } from "../../src/numerics/random.ts";
import { onEachDevice } from "./devices.ts";

const [ROWS, WIDTH, BLOCKS] = [6, 8, 3];

function numbers(name: string, shape: number[]): tf.Tensor {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  randomKey(4).split(name).fillNormal(values);
  return tf.tensor(values.map((value) => 0.5 * value), shape);
}

function weights(): tf.Tensor[] {
  return Array.from({ length: BLOCKS }, (_, block) => [
    numbers(`norm ${block}`, [WIDTH]),
    numbers(`up ${block}`, [WIDTH, 2 * WIDTH]),
    numbers(`down ${block}`, [WIDTH, WIDTH]),
  ]).flat();
}

function block({ x, norm, up, down }: Readonly<Record<string, tf.Tensor>>): tf.Tensor {
  const inner = swiglu(tf.matMul(rmsNorm(x as tf.Tensor2D, norm!, 1e-5), up as tf.Tensor2D));
  return tf.add(x!, tf.matMul(inner, down as tf.Tensor2D));
}

/** The sum of the squares of what blocks in a row make of x. */
function stack(again: boolean, x: tf.Tensor, all: readonly tf.Tensor[]): tf.Scalar {
  let y = x;
  for (let i = 0; i < BLOCKS; i++) {
    const inputs = { x: y, norm: all[3 * i]!, up: all[3 * i + 1]!, down: all[3 * i + 2]! };
    y = again ? recompute(block, inputs) : block(inputs);
  }
  return tf.sum(tf.square(y)) as tf.Scalar;
}

onEachDevice("blocks that are computed again have the gradients of blocks that are not", async () => {
  const x = numbers("x", [ROWS, WIDTH]), all = weights();
  const of = (again: boolean) =>
    tf.valueAndGrads((...tensors: tf.Tensor[]) => stack(again, tensors[0]!, tensors.slice(1)))([x, ...all]);
  const [plain, again] = [of(false), of(true)];
  assertEquals(await again.value.data(), await plain.value.data());
  for (const [i, gradient] of plain.grads.entries()) {
    const [expected, found] = [await gradient.data(), await again.grads[i]!.data()];
    assert(expected.some((value) => Math.abs(value) > 1e-3));
    found.forEach((value, at) => assertAlmostEquals(value, expected[at]!, 1e-5, `gradient ${i} [${at}]`));
  }
  tf.dispose([x, ...all, plain.value, again.value, ...plain.grads, ...again.grads]);
});

onEachDevice("what a block makes on its way is not kept, and all of it is freed in the end", () => {
  const x = numbers("x", [ROWS, WIDTH]), all = weights();
  const before = tf.memory().numTensors;
  const kept = (again: boolean) => {
    let count = 0;
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const loss = stack(again, tensors[0]!, tensors.slice(1));
      count = tf.memory().numTensors;
      return loss;
    })([x, ...all]);
    tf.dispose([value, ...grads]);
    return count - before;
  };
  const [plain, again] = [kept(false), kept(true)];
  assert(again < plain / 2, `${again} of ${plain} tensors`);
  assertEquals(tf.memory().numTensors, before);
  tf.dispose([x, ...all]);
}, ["cpu", "wasm"]);

onEachDevice("an input that the body does not read has a gradient of zeros", async () => {
  const [x, spare] = [tf.tensor1d([1, 2]), tf.tensor1d([5])];
  const [dx, dSpare] = tf.grads((x: tf.Tensor, spare: tf.Tensor) =>
    tf.sum(recompute(({ x }) => tf.square(x!), { x, spare }))
  )([x, spare]);
  assertEquals([...await dx!.data()], [2, 4]);
  assertEquals([...await dSpare!.data()], [0]);
  tf.dispose([x, spare, dx!, dSpare!]);
}, ["cpu", "wasm"]);

onEachDevice("a recorded computation recomputes with the numbers of each call", async () => {
  const all = weights();
  const names = Object.fromEntries(all.map((tensor, i) => [`w${i}`, tensor]));
  for (const factor of [1, 2, 3, 4]) {
    const data = new Float32Array(ROWS * WIDTH);
    randomKey(factor).fillNormal(data);
    const gradientOf = (again: boolean) =>
      compute({
        name: "recompute",
        constants: again,
        arrays: { x: { data, shape: [ROWS, WIDTH] } },
        weights: names,
      }, ({ x }) => ({ dx: tf.grad((x: tf.Tensor) => stack(again, x, all))(x) }));
    const [plain, again] = [gradientOf(false).dx, gradientOf(true).dx];
    const [expected, found] = await readNumbers([plain, again]);
    found!.forEach((value, at) => assertAlmostEquals(value, expected![at]!, 1e-5, `call ${factor} [${at}]`));
    tf.dispose([plain, again]);
  }
  tf.dispose(all);
}, ["wasm", "webgpu"]);
