import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BladeError } from "../../src/core/errors.ts";
import { headNorm, logSumExpRows, rmsNorm } from "../../src/device/ops.ts";
import { swiglu } from "../../src/device/ops.ts";
import { addToRows, putRows, zeroTable } from "../../src/device/table_rows.ts";
import { onEachDevice } from "./devices.ts";
import { plain } from "./finite_differences.ts";

const tensor = (seed: number, shape: number[]) => tf.tensor(plain(seed, shape).values, shape);

async function assertClose(actual: tf.Tensor, expected: ArrayLike<number>, tolerance = 1e-5): Promise<void> {
  const values = await actual.data();
  assertEquals(values.length, expected.length);
  for (let i = 0; i < values.length; i++) {
    assertAlmostEquals(values[i]!, expected[i]!, tolerance * (1 + Math.abs(expected[i]!)), `at ${i}`);
  }
}

/** The definition, in double precision. */
function product(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [m, k, n]: number[],
  ta: boolean,
  tb: boolean,
): number[] {
  const out: number[] = [];
  for (let i = 0; i < m!; i++) {
    for (let j = 0; j < n!; j++) {
      let sum = 0;
      for (let l = 0; l < k!; l++) sum += a[ta ? l * m! + i : i * k! + l]! * b[tb ? j * k! + l : l * n! + j]!;
      out.push(sum);
    }
  }
  return out;
}

onEachDevice("matMul agrees with its definition for any sizes and flags", async () => {
  const size = fc.integer({ min: 1, max: 21 });
  await fc.assert(
    fc.asyncProperty(size, size, size, fc.boolean(), fc.boolean(), async (m, k, n, ta, tb) => {
      const a = plain(1, ta ? [k, m] : [m, k]), b = plain(2, tb ? [n, k] : [k, n]);
      const c = tf.matMul(tf.tensor(a.values, a.shape), tf.tensor(b.values, b.shape), ta, tb);
      await assertClose(c, product(a.values, b.values, [m, k, n], ta, tb));
    }),
    { numRuns: 60, seed: 7 },
  );
}, ["wasm", "native"]);

const SIZES: [number, number, number][] = [[1, 1, 1], [6, 4, 8], [7, 5, 9], [100, 3, 17], [13, 1100, 10], [
  197,
  33,
  8,
]];

onEachDevice("matMul agrees with its definition at the borders of tiles, panels and blocks", async () => {
  for (const [m, k, n] of SIZES) {
    for (const [ta, tb] of [[false, false], [true, false], [false, true], [true, true]] as const) {
      const a = plain(3, ta ? [k, m] : [m, k]), b = plain(4, tb ? [n, k] : [k, n]);
      const c = tf.matMul(tf.tensor(a.values, a.shape), tf.tensor(b.values, b.shape), ta, tb);
      await assertClose(c, product(a.values, b.values, [m, k, n], ta, tb), 1e-4);
    }
  }
});

onEachDevice("matMul uses a single matrix for every batch of the other side", async () => {
  const a = tf.tensor([1, 2, 3, 4], [2, 1, 2]), b = tf.tensor([1, 2], [1, 2, 1]);
  assertEquals([...await tf.matMul(a, b).data()], [5, 11]);
  assertEquals([...await tf.matMul(b, a, true, true).data()], [5, 11]);
});

// tfjs's cpu gives wrong numbers here, and its webgpu refuses.
onEachDevice("matMul broadcasts batches like numpy also when both sides do", async () => {
  const a = tf.tensor([1, 2, 3, 4], [2, 1, 1, 2]), b = tf.tensor([1, 0, 0, 1, 2, 2], [1, 3, 2, 1]);
  const c = tf.matMul(a, b);
  assertEquals(c.shape, [2, 3, 1, 1]);
  assertEquals([...await c.data()], [1, 2, 6, 3, 4, 14]);
}, ["wasm", "native"]);

onEachDevice("a product over nothing is zero", async () => {
  const c = tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3]));
  assertEquals([...await c.data()], [0, 0, 0, 0, 0, 0]);
}, ["cpu", "wasm", "native"]);

onEachDevice("addToRows adds repeated rows in place and leaves the others", async () => {
  const table = tf.tensor2d([[1, 1], [1, 1], [1, 1], [1, 1]]);
  addToRows(table, tf.tensor2d([[1, 10], [2, 20], [4, 40]]), tf.tensor1d([3, 0, 3], "int32"));
  assertEquals([...await table.data()], [3, 21, 1, 1, 1, 1, 6, 51]);
});

onEachDevice("addToRows gives the same bits twice, with many rows on few places", async () => {
  const values = tensor(5, [500, 7]) as tf.Tensor2D;
  const places = tf.tensor1d(Int32Array.from({ length: 500 }, (_, i) => (i * i) % 3), "int32");
  const [once, twice] = [zeroTable(5, 7), zeroTable(5, 7)];
  for (const table of [once, twice]) addToRows(table, values, places);
  assertEquals(await once.data(), await twice.data());
});

onEachDevice("putRows writes over the rows that it is told, and no others", async () => {
  const table = tf.ones([4, 3]) as tf.Tensor2D;
  putRows(table, tf.tensor2d([[2, 3, 4], [5, 6, 7]]), 1);
  assertEquals([...await table.data()], [1, 1, 1, 2, 3, 4, 5, 6, 7, 1, 1, 1]);
});

onEachDevice("a row beyond the table is refused, not read", () => {
  const table = tf.zeros([3, 2]) as tf.Tensor2D;
  for (const row of [3, -1]) {
    const index = tf.tensor1d([row], "int32");
    assertThrows(() => tf.gather(table, index), RangeError, `row ${row}`);
    assertThrows(() => addToRows(table, tf.ones([1, 2]), index), RangeError, `row ${row}`);
  }
}, ["wasm", "native"]);

onEachDevice("gather with batchDims is refused on wasm, where tfjs answers wrong numbers", () => {
  const x = tf.tensor2d([[1, 2], [3, 4]]), index = tf.tensor2d([[0], [1]], [2, 1], "int32");
  assertThrows(() => tf.gather(x, index, 1, 1), TypeError, "batchDims");
}, ["wasm"]);

onEachDevice("slices, splits and concatenations move what they say, along every axis", async () => {
  const x = tf.tensor(Float32Array.from({ length: 24 }, (_, i) => i), [2, 3, 4]);
  assertEquals([...await tf.slice(x, [0, 1, 0], [2, 1, 4]).data()], [4, 5, 6, 7, 16, 17, 18, 19]);
  assertEquals([...await tf.slice(x, [1, 0, 3], [1, 3, 1]).data()], [15, 19, 23]);
  assertEquals([...await tf.slice(x, [1, 1, 1], [1, 2, 2]).data()], [17, 18, 21, 22]);
  const parts = tf.split(x, [1, 3], 2);
  assertEquals([...await parts[0]!.data()], [0, 4, 8, 12, 16, 20]);
  for (const axis of [0, 1, 2]) {
    const pieces = tf.split(x, x.shape[axis]!, axis);
    assertEquals(await tf.concat(pieces, axis).data(), await x.data());
  }
  assertEquals([...await tf.gather(tf.tensor1d([5, 6, 7], "int32"), tf.tensor1d([2, 0], "int32")).data()], [
    7,
    5,
  ]);
});

onEachDevice("rows of integers are gathered as they are, also beyond what float32 counts", async () => {
  const large = [2 ** 31 - 1, -(2 ** 31), 2 ** 24 + 1, -(2 ** 24) - 1, 3, 4];
  const rows = tf.gather(
    tf.tensor3d(large, [3, 1, 2], "int32"),
    tf.tensor2d([[2, 0], [1, 1]], [2, 2], "int32"),
  );
  assertEquals([rows.dtype, rows.shape], ["int32", [2, 2, 1, 2]]);
  assertEquals([...await rows.data()], [3, 4, large[0], large[1], large[2], large[3], large[2], large[3]]);
});

onEachDevice("a slice that is the whole tensor outlives it", async () => {
  const x = tf.tensor1d([1, 2, 3]);
  const [sliced, cloned] = [tf.slice(x, [0], [3]), tf.clone(x)];
  x.dispose();
  assertEquals([...await tf.add(sliced, cloned).data()], [2, 4, 6]);
});

onEachDevice(
  "softmax is exact where it must be: shares sum to 1, −1e9 gives 0, huge scores do not overflow",
  async () => {
    const scores = tf.tensor4d([3e4, 3e4, -1e9, -3e38, 0, -200], [1, 1, 2, 3]);
    const weights = await tf.softmax(scores).data();
    assertEquals([...weights], [0.5, 0.5, 0, 0, 1, 0]);
    await assertClose(tf.sum(tf.softmax(tensor(6, [3, 37])), 1), [1, 1, 1], 1e-6);
  },
);

onEachDevice(
  "logSumExpRows is the logarithm of the sum in double precision, from one column to many",
  async () => {
    for (const columns of [1, 3, 4, 6, 1001]) {
      const { values } = plain(7, [2, columns], 0, 20);
      const expected = [0, 1].map((r) => {
        const row = [...values.subarray(r * columns, (r + 1) * columns)];
        const top = Math.max(...row);
        return top + Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0));
      });
      await assertClose(logSumExpRows(tf.tensor2d(values, [2, columns])), expected, 1e-6);
    }
  },
);

onEachDevice("logSumExpRows leaves out what is −1e9, in value and gradient", async () => {
  const z = tf.tensor2d([[-1e9, 0, 0], [5, -1e9, -1e9]]);
  await assertClose(logSumExpRows(z), [Math.LN2, 5], 1e-6);
  const gradient = tf.grad((z) => tf.sum(logSumExpRows(z as tf.Tensor2D)))(z);
  await assertClose(gradient, [0, 0.5, 0.5, 1, 0, 0], 1e-6);
});

onEachDevice("swiglu and rmsNorm stay finite for large inputs", async () => {
  await assertClose(swiglu(tf.tensor2d([[80, -200, 2, 3]])), [160, 0]);
  await assertClose(rmsNorm(tf.tensor2d([[0, 0], [3e15, 3e15]]), tf.tensor1d([1, 2]), 1e-6), [0, 0, 1, 2]);
});

onEachDevice(
  "headNorm divides each query and key by its own root mean square, and leaves values",
  async () => {
    const [rows, heads, kvHeads, head, epsilon] = [3, 4, 2, 6, 0.25];
    const qkv = plain(10, [rows, (heads + 2 * kvHeads) * head]);
    const [ofQueries, ofKeys] = [plain(11, [head]).values, plain(12, [head]).values];
    const expected = Array.from(qkv.values, (value, i) => {
      const place = Math.floor(i / head) % (heads + 2 * kvHeads);
      if (place >= heads + kvHeads) return value;
      const own = qkv.values.subarray(i - i % head, i - i % head + head);
      const square = own.reduce((sum, v) => sum + v * v, 0) / head;
      return value * (place < heads ? ofQueries : ofKeys)[i % head]! / Math.sqrt(square + epsilon);
    });
    const normed = headNorm(
      tf.tensor2d(qkv.values, [rows, (heads + 2 * kvHeads) * head]),
      tf.tensor1d(ofQueries),
      tf.tensor1d(ofKeys),
      { heads, kvHeads },
      epsilon,
    );
    assertEquals(normed.shape, qkv.shape);
    await assertClose(normed, expected);
  },
);

onEachDevice("a gradient step leaves no tensor behind", () => {
  const x = tensor(8, [6, 8]), w = tensor(9, [8]);
  const step = () => {
    const gradients = tf.grads((x, w) => {
      const normed = rmsNorm(x as tf.Tensor2D, w!, 1e-6);
      return tf.sum(logSumExpRows(tf.matMul(swiglu(normed), tf.slice(x!, [0, 0], [6, 4]), false, true)));
    })([x, w]);
    tf.dispose(gradients);
  };
  step();
  const before = tf.memory().numTensors;
  step();
  assertEquals(tf.memory().numTensors, before);
});

onEachDevice("a tensor beyond WebAssembly's memory is refused with its size", async () => {
  const column = tf.ones([40_000, 1]);
  const error = assertThrows(() => tf.matMul(column, column, false, true), BladeError);
  assertEquals(error.refusal.value, "6400000000 bytes more");
  // And the memory is as usable as before.
  assertEquals([...await tf.add(tf.tensor1d([1]), 1).data()], [2]);
}, ["wasm", "native"]);
