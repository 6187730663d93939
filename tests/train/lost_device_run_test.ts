/** Whole runs in which the GPU goes away: it is opened anew, and the run ends with the bits that it would have had. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { trainInFolder } from "../../src/config/run_in_folder.ts";
import type { TrainOutcome } from "../../src/config/run_api.ts";
import type { BladeConfig } from "../../src/config/schema.ts";
import { survivingLosses } from "../../src/config/surviving_losses.ts";
import { trainRun } from "../../src/config/train_run.ts";
import { BladeError } from "../../src/core/errors.ts";
import type { Observer, StepEvent } from "../../src/core/observer.ts";
import { readNumbers } from "../../src/device/computation.ts";
import { DeviceLost } from "../../src/device/faults.ts";
import { type Device, openDevice } from "../../src/device/open_device.ts";
import type { WebgpuBackend } from "../../src/device/webgpu/backend_internals.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { absence } from "../device/devices.ts";
import { checkpointsOf, configIn, dataFolder, run } from "./small_runs.ts";

const absent = absence("webgpu");
const ONLY_WEBGPU = { ignore: absent !== "", sanitizeOps: false, sanitizeResources: false };

/** Destroys the GPU in use, as a driver that is reset does. */
function destroyGpu(): void {
  (tf.backend() as unknown as WebgpuBackend).device.destroy();
}

/** Trains, and is told of every step; then the GPU may go. */
async function runWithLosses(
  config: BladeConfig,
  runFolder: string,
  onStep: (event: StepEvent) => void,
): Promise<{ outcome: TrainOutcome; warnings: string[] }> {
  await Deno.mkdir(runFolder, { recursive: true });
  const warnings: string[] = [];
  const observer: Observer = {
    stage() {},
    step: onStep,
    note: (level, message) => void (level === "warning" && warnings.push(message)),
  };
  const { signal } = new AbortController();
  const outcome = await trainInFolder(
    config,
    { runFolder, signal, observer, resume: true },
    trainRun,
  );
  return { outcome, warnings };
}

for (const slate of ["plackett-luce", "autoregressive"]) {
  Deno.test({
    ...ONLY_WEBGPU,
    name: `a ${slate} run whose GPU is lost in every stage ends as one that kept it${absent}`,
    async fn() {
      await using data = await dataFolder();
      const config = configIn(data.path, [
        "device=webgpu",
        `model.slate=${slate}`,
        "checkpoint.everySteps=2",
        "sft.epochs=2",
      ]);
      const whole = await run(config, `${data.path}/whole`);
      const lost = new Set<string>();
      const { outcome, warnings } = await runWithLosses(config, `${data.path}/lost`, ({ stage, step }) => {
        // Neither right after a checkpoint nor before the first.
        const due = { sft: 5, prior: 1, align: 3, evaluate: 2 }[stage];
        if (step !== due || lost.has(stage)) return;
        lost.add(stage);
        destroyGpu();
      });
      assertEquals([...lost].sort(), ["align", "evaluate", "prior", "sft"]);
      const said = warnings.filter((warning) => warning.includes("was lost ("));
      assertEquals(said.length, 4);
      assertStringIncludes(
        said[0]!,
        "once in this run so far. It is opened anew, and the run goes on from its last",
      );
      assertStringIncludes(said[3]!, "4 times in this run so far");
      const { warnings: kept } = await readManifest(`${data.path}/lost`);
      assertEquals(kept.filter((warning) => warning.includes("was lost (")), said);
      assertEquals(await checkpointsOf({ folder: `${data.path}/lost` }), await checkpointsOf(whole));
      assertEquals(outcome.results, whole.outcome!.results);
    },
  });
}

Deno.test({
  ...ONLY_WEBGPU,
  name:
    `a run whose GPU is lost again and again without a checkpoint in between stops, to be gone on with${absent}`,
  async fn() {
    await using data = await dataFolder();
    const folder = `${data.path}/run`;
    const config = configIn(data.path, ["device=webgpu"]);
    let losses = 0;
    const training = runWithLosses(config, folder, ({ stage }) => {
      if (stage !== "sft") return;
      losses++;
      destroyGpu();
    });
    const refused = await assertRejects(
      () => training,
      BladeError,
      "the GPU was lost 3 times, and the run got no further",
    );
    assertEquals(refused.exitCode, 3);
    assertStringIncludes(refused.refusal.mend, `train --resume ${folder}`);
    assert(losses >= 3);
    const resumed = await run(config, folder);
    const whole = await run(config, `${data.path}/whole`);
    assertEquals(await checkpointsOf(resumed), await checkpointsOf(whole));
  },
});

Deno.test({
  ...ONLY_WEBGPU,
  name: `what waits for a GPU that goes is told, and so is what is asked of it afterwards${absent}`,
  async fn() {
    await openDevice({ device: "webgpu" });
    const sum = tf.sum(tf.ones([64, 64]));
    const pending = readNumbers([sum]);
    destroyGpu();
    await assertRejects(() => pending, DeviceLost, "the GPU must stay there while it computes");
    await assertRejects(() => readNumbers([sum]), DeviceLost, "--device wasm");
  },
});

/** A device of nobody. */
const DEVICE: Device = {
  backend: "webgpu",
  adapter: "A GPU",
  fallbackAdapter: false,
  threads: 1,
  why: "",
  bitExact: true,
};

Deno.test("a GPU that is not there any more stops the run: no other device takes its place", async () => {
  await using data = await dataFolder();
  const folder = data.path;
  const notes: string[] = [];
  const observer: Observer = { stage() {}, step() {}, note: (_, message) => void notes.push(message) };
  const missing = () =>
    Promise.reject(
      new BladeError({
        place: "device webgpu",
        rule: "needs a GPU adapter",
        value: "no driver",
        mend: "install one",
      }),
    );
  const training = survivingLosses(
    { runFolder: folder, device: DEVICE, observer },
    () => Promise.reject(new DeviceLost("it fell off the bus")),
    missing,
  );
  const { refusal, exitCode } = await assertRejects(() => training, BladeError);
  assertEquals(exitCode, 3);
  assertEquals(refusal.rule, "the GPU was lost (it fell off the bus), and none answers any more");
  assertEquals(refusal.mend, `train --resume ${folder} when it is back, or train anew with --device wasm`);
  assertEquals(notes.length, 1);
});

Deno.test("losses count anew after every checkpoint; other errors are left alone", async () => {
  await using data = await dataFolder();
  const folder = data.path;
  await Deno.mkdir(`${folder}/checkpoints`);
  const observer: Observer = { stage() {}, step() {}, note() {} };
  const attempts: Device[] = [];
  const steps = [true, false, true, false, true, false];
  const train = async (device: Device) => {
    const gains = steps[attempts.length];
    attempts.push(device);
    if (gains === undefined) return "done";
    if (gains) await Deno.writeTextFile(`${folder}/checkpoints/${attempts.length}`, "");
    throw new DeviceLost("again");
  };
  const reopened = { ...DEVICE, adapter: "Another" };
  const setting = { runFolder: folder, device: DEVICE, observer };
  assertEquals(await survivingLosses(setting, train, () => Promise.resolve(reopened)), "done");
  assertEquals(attempts.map(({ adapter }) => adapter), ["A GPU", ...steps.map(() => "Another")]);
  const other = new BladeError({ place: "config", rule: "must be right", mend: "mend it" });
  const failing = survivingLosses(setting, () => Promise.reject(other), () => Promise.reject("never asked"));
  assertEquals(await failing.catch((error) => error), other);
});
