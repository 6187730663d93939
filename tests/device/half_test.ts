import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { compute, takeNumbers } from "../../src/device/computation.ts";
import { halfRows, packHalves, recompute, unpackHalves } from "../../src/device/ops.ts";
import type { HalfFormat } from "../../src/numerics/half.ts";
import { onEachDevice } from "./devices.ts";
import { plain } from "./finite_differences.ts";

const FORMATS: readonly HalfFormat[] = ["f16", "bf16"];

/** Bits of exponent and of mantissa. */
const BITS = { f16: [5, 10], bf16: [8, 7] } as const;

/** What 16 bits say, from the definition of a binary floating-point number. */
function valueOf(half: number, format: HalfFormat): number {
  const [exponentBits, mantissaBits] = BITS[format];
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = half >> 15 === 1 ? -1 : 1;
  const exponent = half >> mantissaBits & 2 ** exponentBits - 1;
  const mantissa = (half & 2 ** mantissaBits - 1) / 2 ** mantissaBits;
  if (exponent === 2 ** exponentBits - 1) return mantissa === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * mantissa * 2 ** (1 - bias) : sign * (1 + mantissa) * 2 ** (exponent - bias);
}

const ALL = 2 ** 16;
/** Every pattern in order, then every one beside others far from it, and a few that fill no vector. */
const PATTERNS = Uint16Array.from({ length: 4 * ALL + 12 }, (_, i) => i < ALL ? i : i * 40503);

/** Bits of float32 numbers; all NaNs alike. */
function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.slice().buffer).map((bits, i) => Number.isNaN(values[i]) ? 0x7fc00000 : bits);
}

for (const format of FORMATS) {
  const expected = bitsOf(Float32Array.from(PATTERNS, (half) => valueOf(half, format)));

  onEachDevice(`every pattern of ${format} becomes the float32 of its value, bit for bit`, async () => {
    const packed = packHalves(PATTERNS, [2, PATTERNS.length / 2]);
    const y = unpackHalves(packed, format);
    assertEquals([y.dtype, y.shape], ["float32", [2, PATTERNS.length / 2]]);
    const found = bitsOf(await y.data() as Float32Array);
    const wrong = [...PATTERNS].flatMap((half, i) => found[i] === expected[i] ? [] : [[half, found[i]]]);
    assertEquals(wrong.slice(0, 5), []);
    tf.dispose([packed, y]);
  });

  onEachDevice(`one and a few numbers of ${format}, from any place of a buffer`, async () => {
    for (const [start, shape] of [[0, [2]], [1, [3, 2]], [3, [1, 1, 14]], [6, [2, 2, 8]]] as const) {
      const n = shape.reduce((product, size) => product * size, 1 as number);
      const half = PATTERNS.subarray(ALL + start, ALL + start + n);
      const y = unpackHalves(packHalves(half, shape), format);
      assertEquals(y.shape, [...shape]);
      assertEquals(
        bitsOf(await y.data() as Float32Array),
        bitsOf(Float32Array.from(half, (h) => valueOf(h, format))),
      );
    }
  });
}

onEachDevice("packed numbers take half the bytes", () => {
  const { numBytes } = tf.memory();
  const packed = packHalves(PATTERNS.slice(0, 600), [3, 200]);
  assertEquals([packed.dtype, packed.shape], ["int32", [3, 100]]);
  assertEquals(tf.memory().numBytes - numBytes, 2 * 600);
  packed.dispose();
});

Deno.test("an odd last dimension, and none, are refused", () => {
  for (const shape of [[2, 3], [1], []]) {
    const size = shape.reduce((product, n) => product * n, 1);
    assertThrows(() => packHalves(new Uint16Array(size), shape), RangeError, `even, got [${shape}]`);
  }
});

onEachDevice("halfRows gives the rows that it is asked for, repeated ones too", async () => {
  const width = 10;
  const half = PATTERNS.subarray(0x3c00, 0x3c00 + 7 * width);
  const indices = [6, 0, 3, 3];
  const rows = halfRows(
    packHalves(half, [7, width]) as tf.Tensor2D,
    tf.tensor2d(indices, [2, 2], "int32"),
    "f16",
  );
  assertEquals(rows.shape, [4, width]);
  const expected = indices.flatMap((row) => [...half.subarray(row * width, (row + 1) * width)]);
  assertEquals([...await rows.data()], expected.map((h) => valueOf(h, "f16")));
});

/** Weights between −2 and 2, and what a product with them is differentiated through. */
const WEIGHTS = Uint16Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? 0x8000 : 0) | 0x3800 + 37 * i);
const FLOATS = Float32Array.from(WEIGHTS, (half) => valueOf(half, "f16"));

onEachDevice("gradients pass by packed weights, recomputed or not", async () => {
  const x = plain(1, [3, 4]);
  const packed = packHalves(WEIGHTS, [4, 6]), table = packHalves(WEIGHTS, [12, 2]) as tf.Tensor2D;
  const places = tf.tensor1d([3, 0, 3, 11, 5, 5], "int32");
  const gradient = async (
    loss: (x: tf.Tensor) => tf.Tensor,
  ) => [...await tf.grad((x) => tf.sum(tf.square(loss(x))))(tf.tensor(x.values, x.shape)).data()];
  const expected = await gradient((x) =>
    tf.add(tf.matMul(x, tf.tensor2d(FLOATS, [4, 6])), tf.sum(tf.gather(tf.tensor2d(FLOATS, [12, 2]), places)))
  );
  const body = ({ x, packed }: Record<string, tf.Tensor>) =>
    tf.add(tf.matMul(x!, unpackHalves(packed!, "f16")), tf.sum(halfRows(table, places, "f16")));
  assertEquals(await gradient((x) => body({ x, packed })), expected);
  assertEquals(await gradient((x) => recompute(body, { x, packed })), expected);
  assertEquals(await gradient((x) => recompute(({ x }) => body({ x: x!, packed }), { x })), expected);
});

onEachDevice("a computation reads packed weights, call after call", async () => {
  const packed = packHalves(WEIGHTS, [4, 6]), floats = tf.tensor2d(FLOATS, [4, 6]);
  for (const seed of [1, 2, 3, 4]) {
    const x = plain(seed, [3, 4]);
    const numbers = (weight: tf.Tensor, name: string, read: (weight: tf.Tensor) => tf.Tensor) =>
      takeNumbers(compute(
        { name, constants: null, arrays: { x: { data: x.values, shape: x.shape } }, weights: { weight } },
        ({ x }) => ({ y: tf.matMul(x, read(weight)) }),
      ));
    assertEquals(
      await numbers(packed, "test packed", (weight) => unpackHalves(weight, "f16")),
      await numbers(floats, "test floats", (weight) => weight),
    );
  }
  tf.dispose([packed, floats]);
});
