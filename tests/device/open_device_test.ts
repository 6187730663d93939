import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { requestGpuAdapter } from "../../src/device/gpu_adapter.ts";
import { closeDevice, type DeviceName, openDevice } from "../../src/device/open_device.ts";
import { findBlas } from "../../src/device/native/find_blas.ts";
import { hashOf } from "../../src/device/wasm/hash.ts";
import { kernelSources, textOf } from "../../src/device/wasm/kernel_sources.ts";
import { plain } from "./finite_differences.ts";

const adapter = await requestGpuAdapter();
const lent = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "auto takes a real GPU, otherwise native where there is a BLAS, otherwise wasm, and says why",
  lent,
  async () => {
    const device = await openDevice({ device: "auto", threads: 1 });
    if (!("missing" in adapter) && !adapter.fallback) {
      assertEquals([device.backend, device.fallbackAdapter], ["webgpu", false]);
    } else {
      assertStringIncludes(device.why, "missing" in adapter ? adapter.missing : adapter.name);
      const library = await findBlas();
      if ("blas" in library && library.tuned) {
        assertEquals([device.backend, device.bitExact], ["native", false]);
        assertEquals(device.adapter, library.blas.name);
      } else {
        assertEquals([device.backend, device.bitExact], ["wasm", true]);
      }
    }
  },
);

Deno.test("webgpu by name opens any adapter, and without one says what to install", lent, async () => {
  if ("missing" in adapter) {
    const error = await assertRejects(() => openDevice({ device: "webgpu" }), BladeError);
    assertStringIncludes(error.refusal.mend, "driver");
  } else {
    const device = await openDevice({ device: "webgpu" });
    assertEquals([device.backend, device.adapter], ["webgpu", adapter.name]);
    assertEquals(device.fallbackAdapter, adapter.fallback);
  }
});

for (const threads of [0, 1.5, NaN, 257]) {
  Deno.test(`${threads} threads are refused`, async () => {
    await assertRejects(
      () => openDevice({ device: "wasm", threads }),
      BladeError,
      "whole number from 1 to 256",
    );
  });
}

Deno.test("the device tpu is refused with those that there are", async () => {
  await assertRejects(
    () => openDevice({ device: "tpu" as DeviceName }),
    BladeError,
    "auto, webgpu, native, wasm or cpu",
  );
});

/** A few dependent products and row operations, large enough to be shared between threads. */
async function chain(): Promise<Float32Array> {
  const a = tf.tensor2d(plain(1, [257, 130]).values, [257, 130]);
  const b = tf.tensor2d(plain(2, [131, 130]).values, [131, 130]);
  const result = tf.tidy(() => {
    const first = tf.softmax(tf.matMul(a, b, false, true));
    const second = tf.matMul(first, tf.matMul(first, a, true), false);
    return tf.matMul(second, second, true);
  });
  const bits = await result.data() as Float32Array;
  tf.dispose([a, b, result]);
  return bits;
}

Deno.test("wasm gives the same bits with 1, 2 and 3 threads, and after its helpers ended", lent, async () => {
  assertEquals((await openDevice({ device: "wasm", threads: 1 })).threads, 1);
  const expected = await chain();
  assert(expected.some((value) => value !== expected[0]));
  for (const threads of [2, 3]) {
    assertEquals((await openDevice({ device: "wasm", threads })).threads, threads);
    for (let repeat = 0; repeat < 5; repeat++) assertEquals(await chain(), expected);
  }
  closeDevice();
  assertEquals(await chain(), expected);
});

Deno.test("a tensor keeps its value when the number of threads changes", lent, async () => {
  await openDevice({ device: "wasm", threads: 1 });
  const x = tf.tensor1d([1, 2]);
  await openDevice({ device: "wasm", threads: 2 });
  assertEquals([...await tf.mul(x, 2).data()], [2, 4]);
  x.dispose();
});

Deno.test("a process ends by itself while helper threads wait, asked from another folder, reading only", async () => {
  const module = new URL("../../src/device/open_device.ts", import.meta.url);
  const root = new URL("../../", import.meta.url);
  const code = `const { openDevice } = await import(${JSON.stringify(module.href)});
    const { threads } = await openDevice({ device: "wasm", threads: 2 });
    console.log(threads);`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code);
  const { code: exit, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--allow-read",
      "--no-prompt",
      `--config=${new URL("deno.json", root).pathname}`,
      file,
    ],
    cwd: Deno.build.os === "windows" ? "C:\\" : "/",
    signal: AbortSignal.timeout(20_000),
  }).output();
  await Deno.remove(file);
  assertEquals([exit, new TextDecoder().decode(stdout)], [0, "2\n"], new TextDecoder().decode(stderr));
});

Deno.test("kernels.wasm was built from its sources as they stand", async () => {
  const read = (name: string) => Deno.readFile(new URL(`../../src/device/wasm/${name}`, import.meta.url));
  const built = JSON.parse(new TextDecoder().decode(await read("kernels.json")));
  assertEquals(await hashOf(textOf(await kernelSources())), built.source, "run src/device/wasm/build.ts");
  assertEquals(await hashOf(await read("kernels.wasm")), built.binary);
});

Deno.test("kernels.wasm owns no memory of tfjs's: it has no data segments", async () => {
  const bytes = await Deno.readFile(new URL("../../src/device/wasm/kernels.wasm", import.meta.url));
  const sections: number[] = [];
  for (let at = 8; at < bytes.length;) {
    sections.push(bytes[at++]!);
    let size = 0;
    for (let shift = 0;; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  assert(sections.includes(10), "a code section");
  assert(!sections.includes(11), "a data section");
});
