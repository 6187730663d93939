import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { BladeError } from "../../../src/core/errors.ts";
import { findBlas } from "../../../src/device/native/find_blas.ts";
import { closeDevice, openDevice } from "../../../src/device/open_device.ts";
import { onEachDevice } from "../devices.ts";
import { type Plain, plain } from "../finite_differences.ts";

const FLAGS = [[false, false], [true, false], [false, true], [true, true]] as const;

async function product(a: Plain, b: Plain, ta: boolean, tb: boolean): Promise<Float32Array> {
  const [x, y] = [tf.tensor(a.values, a.shape), tf.tensor(b.values, b.shape)];
  const c = tf.matMul(x, y, ta, tb);
  const values = await c.data() as Float32Array;
  tf.dispose([x, y, c]);
  return values;
}

/** Batch shapes of A and B, and M, K and N. */
const CASES: [a: number[], b: number[], sizes: [number, number, number]][] = [
  [[], [], [1, 1, 1]],
  [[], [], [13, 31, 7]],
  [[], [], [65, 129, 33]],
  [[], [], [1, 64, 200]],
  [[], [], [200, 64, 1]],
  [[3], [3], [17, 19, 23]],
  [[3], [], [17, 19, 23]],
  [[], [3], [17, 19, 23]],
  [[5], [1], [40, 16, 24]],
  [[2, 3], [2, 3], [16, 8, 16]],
  [[2, 3], [3], [16, 16, 16]],
];

/** tfjs's cpu gives wrong numbers where one batch dimension is broadcast and another is not. */
const BEYOND_CPU: typeof CASES = [[[2, 3], [2, 1], [16, 16, 16]], [[2, 1], [1, 3], [17, 16, 19]]];

for (
  const [reference, [aBatch, bBatch, [M, K, N]]] of [
    ...CASES.map((each) => ["cpu", each] as const),
    ...BEYOND_CPU.map((each) => ["wasm", each] as const),
  ]
) {
  onEachDevice(
    `[${[...aBatch, M, K]}]·[${[...bBatch, K, N]}] under all flags is what it is on ${reference}`,
    async () => {
      for (const [ta, tb] of FLAGS) {
        const a = plain(1, [...aBatch, ...(ta ? [K, M] : [M, K])]);
        const b = plain(2, [...bBatch, ...(tb ? [N, K] : [K, N])]);
        await openDevice({ device: "native", threads: 2 });
        const found = await product(a, b, ta, tb);
        await openDevice({ device: reference });
        const expected = await product(a, b, ta, tb);
        assertEquals(found.length, expected.length);
        const place = (i: number) => `flags ${ta} ${tb} at ${i}`;
        found.forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-5 * K, place(i)));
      }
    },
    ["native"],
  );
}

onEachDevice("native computes on where wasm's memory has grown", async () => {
  const a = plain(3, [40, 40]), b = plain(4, [40, 40]);
  const before = await product(a, b, false, false);
  const { wasm } = tf.backend() as unknown as { wasm: { wasmMemory: WebAssembly.Memory } };
  const bytes = wasm.wasmMemory.buffer.byteLength;
  const large = tf.ones([bytes / 4]);
  assert(wasm.wasmMemory.buffer.byteLength > bytes);
  assertEquals(await product(a, b, false, false), before);
  large.dispose();
}, ["native"]);

onEachDevice("native says its library, that it is not exact to the bit, and why", (device) => {
  assertEquals([device.backend, device.bitExact, device.threads], ["native", false, 2]);
  assert(device.adapter.length > 0);
  assert(device.why.startsWith("asked for; the library decides the rounding"), device.why);
}, ["native"]);

onEachDevice("wasm after native gives wasm's bits again", async () => {
  const a = plain(5, [70, 90]), b = plain(6, [90, 50]);
  await openDevice({ device: "wasm", threads: 2 });
  const expected = await product(a, b, false, false);
  await openDevice({ device: "native", threads: 2 });
  await product(a, b, false, false);
  await openDevice({ device: "wasm", threads: 2 });
  assertEquals(await product(a, b, false, false), expected);
}, ["native"]);

onEachDevice("native goes on, with one thread, after its helpers ended", async () => {
  const a = plain(7, [70, 90]), b = plain(8, [90, 50]);
  const before = await product(a, b, false, false);
  closeDevice();
  const after = await product(a, b, false, false);
  after.forEach((value, i) => assertAlmostEquals(value, before[i]!, 1e-4));
}, ["native"]);

onEachDevice("auto is native where a library is named, whatever else there is", async () => {
  const library = await findBlas();
  assert("blas" in library);
  const device = await openDevice({ device: "auto", threads: 1, blas: library.blas.path });
  assertEquals(device.backend, "native");
  assert(device.why.startsWith("its library was named"), device.why);
}, ["native"]);

for (const device of ["native", "auto"] as const) {
  Deno.test({
    name: `${device} with a named library that is not there refuses, and takes no other`,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const error = await assertRejects(
        () => openDevice({ device, blas: "/nowhere/libmine.so" }),
        BladeError,
      );
      assertEquals(error.refusal.place, "BLAS /nowhere/libmine.so");
    },
  });
}
