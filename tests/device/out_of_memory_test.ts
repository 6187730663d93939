/** What a device says when it has no memory, and that it computes on afterwards. */
import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { compute, prepare, readNumbers, recoverMemory, takeNumbers } from "../../src/device/computation.ts";
import { OutOfDeviceMemory, withMeaning } from "../../src/device/faults.ts";
import { createArena } from "../../src/device/webgpu/arena.ts";
import type { WebgpuBackend } from "../../src/device/webgpu/backend_internals.ts";
import { failureOf } from "../../src/device/webgpu/failures.ts";
import { onEachDevice } from "./devices.ts";

/** Changes a weight in place by the sum of a tensor of `size` ones: with 2³⁰ numbers, 4 GiB, more than any device here has. */
function addSum(size: number, weight: tf.Tensor) {
  const computation = {
    name: "test no memory",
    constants: size,
    arrays: { one: { data: Float32Array.of(1), shape: [1] } },
    weights: { weight },
  };
  const body = () => ({ total: tf.add(tf.sum(tf.fill([size], 1)), tf.sum(weight)) });
  return { computation, body };
}

onEachDevice("what does not fit is told as such, changes nothing, and the device computes on", async () => {
  const weight = tf.tensor1d([1, 2]);
  const before = tf.memory().numTensors;
  const large = addSum(2 ** 30, weight);
  const attempt = async () => {
    await prepare(large.computation, large.body);
    compute(large.computation, large.body);
  };
  for (let time = 0; time < 2; time++) {
    const { refusal } = await assertRejects(attempt, OutOfDeviceMemory);
    assertStringIncludes(String(refusal.value), "bytes");
    await recoverMemory();
    assertEquals(tf.memory().numTensors, before);
    const small = addSum(8, weight);
    await prepare(small.computation, small.body);
    const { total } = await takeNumbers(compute(small.computation, small.body));
    assertEquals([...total], [11]);
  }
  assertEquals(await readNumbers([weight]), [Float32Array.of(1, 2)]);
  weight.dispose();
}, ["wasm", "native", "webgpu"]);

onEachDevice("what a GPU reports after the call is told before anything runs", async () => {
  const { device } = tf.backend() as unknown as WebgpuBackend;
  const createBuffer = device.createBuffer.bind(device);
  const weight = tf.tensor1d([1, 2]);
  await readNumbers([weight]);
  const { computation, body } = addSum(1000, weight);
  // The size is the device's to refuse: it gives a buffer that is none, and says so later.
  device.createBuffer = (descriptor) =>
    createBuffer(descriptor.size >= 4000 ? { ...descriptor, size: 2 ** 40 } : descriptor);
  await assertRejects(() => prepare(computation, body), OutOfDeviceMemory, "maximum buffer size");
  delete (device as { createBuffer?: unknown }).createBuffer;
  await recoverMemory();
  for (let call = 0; call < 3; call++) {
    await prepare(computation, body);
    const { total } = await takeNumbers(compute(computation, body));
    assertEquals([...total], [1003]);
  }
  weight.dispose();
}, ["webgpu"]);

Deno.test("an arena gives buffers up to the largest that there are, rounded up as far as they reach", () => {
  const alive = new Set<object>();
  const device = {
    limits: { maxBufferSize: 5000, maxStorageBufferBindingSize: 1000 },
    createBuffer({ size }: GPUBufferDescriptor) {
      const buffer = { size, destroy: () => void alive.delete(buffer) };
      alive.add(buffer);
      return buffer;
    },
  } as unknown as GPUDevice;
  const arena = createArena(device);
  const session = arena.open();
  // The sizes are 1, 1¼, 1½ and 1¾ times a power of two: 900 would become 1024.
  assertEquals([300, 890, 900, 998, 1000].map((bytes) => session.take(bytes).size), [
    320,
    896,
    900,
    1000,
    1000,
  ]);
  assertThrows(
    () => session.take(1001),
    OutOfDeviceMemory,
    "a buffer of 1004 bytes, where the device has at most 1000",
  );
  assertEquals([arena.bytes, alive.size], [4116, 5]);
  arena.clear();
  assertEquals([arena.bytes, alive.size], [0, 0]);
});

Deno.test("an engine's words for a lack of memory are told from its other errors", () => {
  const memory = [
    new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded: out of memory"),
    new RangeError("Array buffer allocation failed"),
    new RangeError("Invalid typed array length: 4294967296"),
    new WebAssembly.RuntimeError("memory access out of bounds"),
    new WebAssembly.RuntimeError("Aborted(OOM)"),
  ];
  for (const error of memory) {
    const meaning = withMeaning(error, "native");
    assertEquals(meaning instanceof OutOfDeviceMemory, true, error.message);
    assertEquals((meaning as OutOfDeviceMemory).refusal.value, error.message);
  }
  const others = [
    new RangeError("Maximum call stack size exceeded"),
    new WebAssembly.RuntimeError("divide by zero"),
    new Error("out of memory"),
    "out of memory",
  ];
  for (const error of others) assertEquals(withMeaning(error, "native"), error);
});

Deno.test("a GPU's messages of too large buffers are a lack of memory, others are refusals", () => {
  const memory = [
    "out of memory: its driver gave no reason",
    "Buffer size 1099511627776 is greater than the maximum buffer size (2147483647)",
    "Not enough memory left.",
    "Buffer binding 0 range 268435456 exceeds `max_*_buffer_binding_size` limit 134217728",
  ];
  for (const message of memory) assertEquals(failureOf(message) instanceof OutOfDeviceMemory, true, message);
  const other = failureOf("Shader 'blade adamw' parsing error");
  assertEquals(other instanceof OutOfDeviceMemory, false);
  assertStringIncludes(other.message, "The GPU refused work: Shader");
});
