import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { decodeSafetensors } from "../../src/model/safetensors.ts";
import { absence } from "../device/devices.ts";
import { stub } from "@std/testing/mock";
import { checkpointsOf, configIn, dataFolder, filesOf, run } from "../train/small_runs.ts";

/** Two steps of gradient at least, with the dropout and the picks that they draw, and products that threads share. */
const SET = ["model.dropout=0.2", "sft.epochs=2", "sft.learningRate=0.01"]
  .concat(["model.width=64", "model.heads=4", "model.kvHeads=2", "model.hidden=128", "align.epochs=2"]);
const UNSANITIZED = { sanitizeOps: false, sanitizeResources: false };

for (const slate of ["plackett-luce", "autoregressive"]) {
  Deno.test({
    ...UNSANITIZED,
    name: `two ${slate} runs on wasm with one seed leave the same bits, whatever the number of threads`,
    async fn() {
      await using data = await dataFolder();
      const train = async (name: string, more: string[]) => {
        const set = [...SET, `model.slate=${slate}`, "device=wasm", ...more];
        // What wakes the helper threads: once or twice a job that they share.
        let wakings = 0;
        const { notify } = Atomics;
        using _waking = stub(Atomics, "notify", (...place: Parameters<typeof notify>) => {
          wakings++;
          return notify(...place);
        });
        const trained = await run(configIn(data.path, set), `${data.path}/${name}`);
        return { files: await filesOf(trained), wakings };
      };
      const { files: first, wakings: none } = await train("first", ["threads=1"]);
      assertEquals(
        [...first.keys()],
        ["align.safetensors", "prior.safetensors", "sft.safetensors", "lists.csv", "per-user.csv"],
      );
      // One ends the helpers of whatever ran before.
      assert(none < 2, `${none} wakings`);
      for (const threads of [1, 2, 3]) {
        const { files, wakings } = await train(`${threads}-threads`, [`threads=${threads}`]);
        assertEquals(files, first, `${threads} threads`);
        assert(threads > 1 ? wakings > 50 : wakings < 2, `${threads} threads: ${wakings} wakings`);
      }
      const { files: other } = await train("other", ["threads=1", "seed=2"]);
      for (const name of first.keys()) assertNotEquals(other.get(name), first.get(name), name);
    },
  });
}

Deno.test({
  ...UNSANITIZED,
  name: "a run frees every tensor that it made",
  async fn() {
    await using data = await dataFolder();
    for (const slate of ["plackett-luce", "autoregressive"]) {
      const systems =
        'evaluate.systems=["most-popular","item-knn","reference","sft-continued","best-of-n","aligned"]';
      const config = configIn(data.path, [`model.slate=${slate}`, "align.anchor=ema", systems]);
      await run(config, `${data.path}/${slate}-warm`);
      const { numTensors } = tf.memory();
      await run(config, `${data.path}/${slate}`);
      assertEquals(tf.memory().numTensors, numTensors, slate);
    }
  },
});

for (const device of ["cpu", "native", "webgpu"] as const) {
  const absent = absence(device);
  Deno.test({
    ...UNSANITIZED,
    ignore: absent !== "",
    name: `supervised training on ${device} arrives where it does on wasm${absent}`,
    async fn() {
      await using data = await dataFolder();
      const train = async (on: string) => {
        const set = ["sft.epochs=2", "align.method=sft", `device=${on}`, 'evaluate.systems=["reference"]'];
        const { steps, folder } = await run(configIn(data.path, set), `${data.path}/${on}`);
        const file = (await checkpointsOf({ folder })).get("sft.safetensors")!;
        return { steps, tensors: decodeSafetensors(file, "sft").tensors };
      };
      const [here, wasm] = [await train(device), await train("wasm")];
      here.steps.forEach(({ values }, i) => {
        for (const [name, value] of Object.entries(values)) {
          assertAlmostEquals(value, wasm.steps[i]!.values[name]!, 1e-3, `${name} of step ${i}`);
        }
      });
      let largest = 0;
      for (const [name, { data }] of wasm.tensors) {
        const other = here.tensors.get(name)!.data;
        (data as Float32Array).forEach((value, i) =>
          largest = Math.max(largest, Math.abs(value - Number(other[i]!)))
        );
      }
      assert(largest < 1e-3, `a weight differs by ${largest}`);
    },
  });
}
