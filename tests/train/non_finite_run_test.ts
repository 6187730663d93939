/** Whole runs in which the loss of a batch is no number: stopped before it, or without it. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { absence } from "../device/devices.ts";
import { checkpointsOf, configIn, dataFolder, run } from "./small_runs.ts";

const UNSANITIZED = { sanitizeOps: false, sanitizeResources: false };

/** From here on the squares of the gradients of these updates, counted from 1, are no number on wasm. */
function poison(updates: (update: number) => boolean): Disposable {
  const kernel = tf.getKernel("BladeSquaredNorm", "wasm");
  let update = 0;
  const register = (kernelFunc: tf.KernelFunc) => {
    tf.unregisterKernel("BladeSquaredNorm", "wasm");
    tf.registerKernel({ ...kernel, kernelFunc });
  };
  register((call) => {
    const squares = kernel.kernelFunc(call) as tf.TensorInfo;
    update++;
    if (updates(update)) {
      const backend = tf.backend() as unknown as { typedArrayFromHeap(info: tf.TensorInfo): Float32Array };
      backend.typedArrayFromHeap(squares)[0] = NaN;
    }
    return squares;
  });
  return { [Symbol.dispose]: () => register(kernel.kernelFunc) };
}

// sft takes 3 steps of 16 users, alignment 5 of 8.
for (const [stage, update, step] of [["sft", 2, 2], ["align", 3 + 3, 3]] as const) {
  Deno.test({
    ...UNSANITIZED,
    name:
      `${stage} stops before a batch whose gradient is no number, and goes on from there to the same bits`,
    async fn() {
      await using data = await dataFolder();
      const config = configIn(data.path);
      const whole = await run(config, `${data.path}/whole`);
      const folder = `${data.path}/stopped`;
      {
        using _fault = poison((at) => at === update);
        const refused = await assertRejects(() => run(config, folder), BladeError);
        const { place, rule, mend } = refused.refusal;
        assertEquals(refused.exitCode, 2);
        assertEquals(rule, "must be a finite number");
        const rows = stage === "sft" ? 16 : 8;
        const shape = new RegExp(
          `^${stage}: gradientNorm of step ${step} \\(${rows} rows, of the users (u\\d+, ){4}u\\d+ and ${
            rows - 5
          } more\\)$`,
        );
        assert(shape.test(place), place);
        assertStringIncludes(mend, `in ${folder}/config.resolved.json lower ${stage}.learningRate`);
        assertStringIncludes(mend, `set ${stage}.nonFinite to "skip", then train --resume ${folder}`);
      }
      const kept = [...(await checkpointsOf({ folder })).keys()];
      assert(kept.includes(`${stage}-step-000000${step - 1}.safetensors`), String(kept));
      const resumed = await run(config, folder);
      assertEquals(await checkpointsOf(resumed), await checkpointsOf(whole));
      assertEquals(resumed.outcome!.results, whole.outcome!.results);
    },
  });
}

Deno.test({
  ...UNSANITIZED,
  name: "a batch may be skipped: it is counted and said, and the run ends without it",
  async fn() {
    await using data = await dataFolder();
    const config = configIn(data.path, ["sft.nonFinite=skip", "align.nonFinite=skip"]);
    using _fault = poison((at) => at === 2 || at === 3 + 3 || at === 3 + 4);
    const skipping = await run(config, `${data.path}/run`);
    const skipped = skipping.steps.filter(({ values }) => "skipped" in values);
    assertEquals(skipped.map(({ stage, step }) => `${stage} ${step}`), ["sft 2", "align 3", "align 4"]);
    assertEquals(skipped.map(({ values }) => values["skipped"]), [1, 1, 1]);
    // What was drawn was worth something even though nothing was learned of it.
    assert(Number.isFinite(skipped[1]!.values["reward"]));
    assertEquals("gradientNorm" in skipped[1]!.values, false);
    const { warnings } = await readManifest(`${data.path}/run`);
    const said = warnings.filter((warning) => warning.includes("the step is skipped"));
    assertEquals(said.length, 3);
    assert(
      /^sft: gradientNorm of step 2 \(16 rows, of the users u.*\) is NaN: the step is skipped \(1 so far\)/
        .test(said[0]!),
    );
    assertStringIncludes(said[2]!, "(2 so far)");
    // All numbers that are kept are numbers.
    const { steps } = skipping;
    assertEquals(steps.filter(({ stage }) => stage === "align").length, 5 + 2);
  },
});

Deno.test({
  ...UNSANITIZED,
  name: "a run that skips batch after batch is stopped",
  async fn() {
    await using data = await dataFolder();
    const config = configIn(data.path, ["sft.nonFinite=skip", "sft.batch=4", "sft.epochs=2"]);
    using _fault = poison((at) => at > 4);
    const refused = await assertRejects(
      () => run(config, `${data.path}/run`),
      BladeError,
      "at most 10 steps in a row",
    );
    assertEquals(refused.refusal.place, "sft: steps up to 15");
  },
});

for (const device of ["wasm", "webgpu"] as const) {
  for (const [stage, more] of [["sft", []], ["align", ["align.anchor=ema"]]] as const) {
    const absent = absence(device);
    Deno.test({
      ...UNSANITIZED,
      name:
        `on ${device} weights that ran away in ${stage} are kept as they were before the loss was no number${absent}`,
      ignore: absent !== "",
      async fn() {
        await using data = await dataFolder();
        // The first step leaves weights whose logits are endless; a GPU has begun more steps when that is read.
        const set = [`device=${device}`, `${stage}.learningRate=1e30`, `${stage}.warmup=0`, ...more];
        const config = configIn(data.path, set);
        const folder = `${data.path}/away`;
        const refused = await assertRejects(() => run(config, folder), BladeError, "must be a finite number");
        assertMatch(refused.refusal.place, new RegExp(`^${stage}: (loss|gradientNorm) of step 2 \\(`));
        const each = configIn(data.path, [...set, "checkpoint.everySteps=1"]);
        const stopped = await run(each, `${data.path}/stopped`, { stage, step: 1 });
        const name = `${stage}-step-0000001.safetensors`;
        const [kept, expected] = [await checkpointsOf({ folder }), await checkpointsOf(stopped)];
        assert(expected.has(name), String([...expected.keys()]));
        assertEquals(kept.get(name), expected.get(name));
      },
    });
  }
}
