import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { differentiableKernels } from "../../src/device/gradients.ts";
import {
  attention,
  catalogScores,
  dropout,
  headNorm,
  logSumExpRows,
  lookUp,
  rmsNorm,
  rotary,
  swiglu,
} from "../../src/device/ops.ts";
import { exclusionList } from "../../src/device/exclusions.ts";
import { uploadArrays } from "../../src/device/arrays.ts";
import { onEachDevice } from "./devices.ts";
import { assertGradient, type Plain, plain } from "./finite_differences.ts";

interface Case {
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly inputs: readonly Plain[];
}

const a = plain(1, [2, 3]), b = plain(2, [2, 3]);
const row = plain(3, [3]), column = plain(4, [2, 1]), single = plain(5, []);
const positive = plain(6, [2, 3], 0.5, 2, false);
const of = (f: Case["f"], ...inputs: Plain[]): Case => ({ f, inputs });

/** At least one case per kernel of the table; the key's first word is the kernel. */
const CASES: Readonly<Record<string, Case>> = {
  "Add": of(tf.add, a, b),
  "Add with a broadcast row": of(tf.add, a, row),
  "Add of a column and a row": of(tf.add, column, row),
  "Sub with a broadcast column": of(tf.sub, column, a),
  "Multiply": of(tf.mul, a, b),
  "Multiply with a broadcast scalar": of(tf.mul, single, a),
  "Multiply across ranks": of(tf.mul, plain(7, [2, 1, 3]), plain(8, [4, 1])),
  "RealDiv": of(tf.div, a, positive),
  "RealDiv by a broadcast row": of(tf.div, a, row),
  "Maximum with a broadcast row": of(tf.maximum, a, row),
  "Minimum": of(tf.minimum, a, b),
  "Neg": of(tf.neg, a),
  "Abs": of(tf.abs, a),
  "Square": of(tf.square, a),
  "Sqrt": of(tf.sqrt, positive),
  "Rsqrt": of(tf.rsqrt, positive),
  "Exp": of(tf.exp, a),
  "Expm1": of(tf.expm1, a),
  "Log": of(tf.log, positive),
  "Log1p": of(tf.log1p, positive),
  "Sigmoid": of(tf.sigmoid, a),
  "Softplus": of(tf.softplus, a),
  "Tanh": of(tf.tanh, a),
  "Relu": of(tf.relu, a),
  "Identity": of((x) => tf.clone(x), a),
  "Cast": of((x) => tf.cast(x, "float32"), a),
  "Reshape": of((x) => tf.square(tf.reshape(x, [3, 2])), a),
  "ExpandDims": of((x) => tf.expandDims(x, 1), a),
  "Transpose in two dimensions": of((x) => tf.transpose(x), a),
  "Transpose of heads": of((x) => tf.transpose(x, [0, 2, 1, 3]), plain(9, [2, 3, 2, 2])),
  "Transpose by a cycle": of((x) => tf.transpose(x, [2, 0, 1]), plain(10, [2, 3, 4])),
  "Sum of everything": of((x) => tf.sum(x), a),
  "Sum over the first axis": of((x) => tf.sum(x, 0), a),
  "Sum over two axes kept": of((x) => tf.sum(x, [0, 2], true), plain(11, [2, 3, 2])),
  "Mean over the last axis": of((x) => tf.mean(x, -1, true), a),
  "Mean of everything": of((x) => tf.mean(x), a),
  "Max over the last axis": of((x) => tf.max(x, -1), a),
  "Min over the first axis": of((x) => tf.min(x, 0, true), plain(28, [3, 2])),
  "Softmax": of((x) => tf.softmax(x), plain(12, [2, 5])),
  "LogSoftmax": of((x) => tf.logSoftmax(x), plain(13, [2, 5])),
  "BatchMatMul": of((x, y) => tf.matMul(x, y), plain(14, [3, 2]), plain(15, [2, 4])),
  "BatchMatMul, first transposed": of((x, y) => tf.matMul(x, y, true), plain(16, [2, 3]), plain(17, [2, 4])),
  "BatchMatMul, second transposed": of(
    (x, y) => tf.matMul(x, y, false, true),
    plain(18, [3, 2]),
    plain(19, [4, 2]),
  ),
  "BatchMatMul, both transposed": of(
    (x, y) => tf.matMul(x, y, true, true),
    plain(20, [2, 3]),
    plain(21, [4, 2]),
  ),
  "BatchMatMul of batches, second transposed": of(
    (x, y) => tf.matMul(x, y, false, true),
    plain(22, [2, 2, 3, 2]),
    plain(23, [2, 2, 4, 2]),
  ),
  "BatchMatMul with a broadcast batch": of(
    (x, y) => tf.matMul(x, y, true, false),
    plain(24, [3, 2, 2]),
    plain(25, [1, 2, 3]),
  ),
  "SplitV": of((x) => {
    const [left, right] = tf.split(x, [1, 2], 1) as [tf.Tensor, tf.Tensor];
    return tf.mul(left, tf.square(right));
  }, a),
  "Concat of unequal parts": of((x, y) => tf.concat([x, y], 1), a, column),
  "Pack": of((x, y) => tf.stack([x, y], 1), a, b),
  "Slice of an inner block": of((x) => tf.slice(x, [0, 1], [2, -1]), a),
  "PadV2": of((x) => tf.pad(x, [[1, 0], [0, 2]]), a),
  "Tile in both directions": of((x) => tf.tile(x, [3, 2]), a),
  "Tile by broadcastTo": of((x) => tf.broadcastTo(x, [2, 3]), column),
  "Select": of((x, y) => tf.where(tf.tensor2d([[1, 0, 1], [0, 0, 1]], [2, 3], "bool"), x, y), a, b),
  "GatherV2 with repeated rows": of(
    (x) => tf.gather(x, tf.tensor1d([2, 0, 2, 2], "int32")),
    plain(26, [4, 3]),
  ),
  "GatherV2 by a matrix of indices": of(
    (x) => tf.gather(x, tf.tensor2d([[1, 1], [0, 1]], [2, 2], "int32")),
    plain(27, [2, 2, 2]),
  ),

  "BladeLookUp with repeated rows, and the table used twice": of(
    (x) => {
      const { rows, table } = lookUp(x as tf.Tensor2D, tf.tensor1d([2, 0, 2], "int32"));
      return tf.concat([tf.square(rows), tf.exp(table), table], 0);
    },
    plain(40, [4, 3]),
  ),

  "rmsNorm": of((x, w) => rmsNorm(x as tf.Tensor2D, w, 1e-5), plain(30, [3, 5]), plain(31, [5])),
  "rmsNorm of one column": of(
    (x, w) => rmsNorm(x as tf.Tensor2D, w, 1e-1),
    plain(32, [2, 1]),
    plain(33, [1]),
  ),
  "headNorm, two queries a key": of(
    (x, q, k) => headNorm(x as tf.Tensor2D, q, k, { heads: 4, kvHeads: 2 }, 1e-5),
    plain(45, [3, 8 * 6]),
    plain(46, [6]),
    plain(47, [6]),
  ),
  "swiglu": of((x) => swiglu(x), plain(34, [3, 10])),
  "rotary": of(
    (x) => rotary(x as tf.Tensor2D, tf.tensor1d([1, 0, 1], "int32"), angles(), 2),
    plain(35, [3, 18]),
  ),
  "logSumExpRows": of((x) => logSumExpRows(x as tf.Tensor2D), plain(36, [3, 7])),
  "catalogScores of one block": of(overCatalog(), plain(41, [3, 4]), plain(42, [9, 4])),
  "catalogScores of blocks of three items": of(overCatalog(36), plain(43, [3, 4]), plain(44, [9, 4])),
  "attention, each token by itself and what is before it": of(
    (x) => attention(x as tf.Tensor2D, spans([[0, 0, 0], [0, 0, 0], [0, 0, 1]]), { heads: 2, kvHeads: 1 }),
    plain(37, [3, 4 * 2]),
  ),
  "attention of branches, two rows, wide heads": of(
    (x) =>
      attention(
        x as tf.Tensor2D,
        spans([...BRANCHED, ...BRANCHED.map(([from, to, own]) => [Math.min(1, from!), to!, own!])]),
        { heads: 2, kvHeads: 2 },
      ),
    plain(38, [2 * 7, 6 * 18], 0.1, 0.4),
  ),
  "dropout": of((x) => dropout(x, tf.tensor2d([[3, 4], [5, 6]], [2, 2], "int32"), 1, 0.3), plain(39, [3, 7])),
};

/**
 * Log-totals and scores of two targets of each of three rows, over seven items of nine: one row leaves out two items
 * and then a third, one nothing, one all but an item.
 */
function overCatalog(blockBytes?: number): Case["f"] {
  return (hidden, table) => {
    const list = exclusionList(3);
    list.exclude(0, list.add([1, 6]), list.add([3]));
    list.exclude(2, list.add([0, 1, 2, 3, 4, 6]));
    const { logTotals, targetScores } = catalogScores(
      hidden as tf.Tensor2D,
      table as tf.Tensor2D,
      7,
      tf.tensor1d([3, 8, 0, 0, 5, 3], "int32"),
      {
        exclusions: uploadArrays(list.arrays()),
        ...(blockBytes === undefined ? {} : { blockBytes }),
      },
    );
    return tf.concat([tf.expandDims(logTotals, 1), targetScores], 1);
  };
}

/** A history of three, whose first is padding; a slate of three from it, and one that starts before its last. */
const BRANCHED = [[0, 0, 0], [0, 0, 1], [0, 0, 1], [1, 3, 3], [1, 3, 3], [1, 3, 3], [1, 2, 6]];

/** [rows, T, 3] of rows laid end to end; the rows of `BRANCHED` are seven long. */
function spans(of: number[][]): tf.Tensor {
  const length = Math.min(of.length, BRANCHED.length);
  return tf.tensor(Int32Array.from(of.flat()), [of.length / length, length, 3], "int32");
}

function angles(): tf.Tensor2D {
  return tf.tensor2d([[1, 0.6, 0.8, 0, 0.8, 0.6], [0.6, -0.8, 0.96, 0.8, 0.6, 0.28]]);
}

for (const [name, { f, inputs }] of Object.entries(CASES)) {
  onEachDevice(`the gradient of ${name} agrees with finite differences`, () => assertGradient(f, inputs));
}

Deno.test("every kernel with a gradient has a case here", () => {
  const tested = Object.keys(CASES).map((name) => name.split(/[ ,]/)[0]);
  assertEquals(differentiableKernels().filter((kernel) => !tested.includes(kernel)), []);
});

onEachDevice("ties share the gradient of max evenly", async () => {
  const gradient = tf.grad((x) => tf.max(x))(tf.tensor1d([3, 1, 3]));
  assertEquals([...await gradient.data()], [0.5, 0, 0.5]);
});

Deno.test("a gather along another axis than the first has no gradient and says so", () => {
  const columns = (x: tf.Tensor) => tf.sum(tf.gather(x, tf.tensor1d([0], "int32"), 1));
  assertThrows(() => tf.grad(columns)(tf.ones([2, 2])), Error, "only rows of the first axis");
});

Deno.test("the name @tensorflow/tfjs brings its gradients with it", () => {
  assert(tf.getGradient("BatchMatMul") !== undefined);
});
