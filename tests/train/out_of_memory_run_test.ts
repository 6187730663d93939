/** Whole runs on a device whose memory does not hold a batch: they go on in parts of it. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import type { StepEvent } from "../../src/core/observer.ts";
import type { BladeConfig } from "../../src/config/schema.ts";
import { trainInFolder } from "../../src/config/run_in_folder.ts";
import { trainRun } from "../../src/config/train_run.ts";
import { type DeviceName, openDevice, reopenGpu } from "../../src/device/open_device.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { absence } from "../device/devices.ts";
import { type MemoryMeter, meterMemory } from "./less_memory.ts";
import { checkpointsOf, configIn, dataFolder, run } from "./small_runs.ts";

const UNSANITIZED = { sanitizeOps: false, sanitizeResources: false };

/** Bytes that the steps of each stage may take; all that there are where it is not named. */
type Bounds = Readonly<Record<string, number>>;

/**
 * Trains while the steps of some stages have less memory; and the most that those of each took.
 *
 * @param last step of each stage that is bounded and measured
 * @param stopAfter step of a stage in which the user asks to stop
 */
async function boundedRun(
  config: BladeConfig,
  runFolder: string,
  bounds: Bounds,
  meter: MemoryMeter,
  last: Readonly<Record<string, number>> = { sft: 3, align: 5 },
  stopAfter: Readonly<Record<string, number>> = {},
) {
  await Deno.mkdir(runFolder, { recursive: true });
  const stop = new AbortController();
  const peaks: Record<string, number> = {};
  const warnings: string[] = [];
  // Only steps are bounded: validation goes over more users at once than any of them.
  const begin = (stage: string) => meter.allow(bounds[stage] ?? Infinity);
  const observer = {
    stage: (name: string) => void (name === "sft" && begin(name)),
    step({ stage, step, values }: StepEvent) {
      if (step === stopAfter[stage]) stop.abort();
      if (stage === "align" && step === 0) return begin(stage);
      if ("epoch" in values) return;
      if (step > (last[stage] ?? 0)) return;
      peaks[stage] = Math.max(peaks[stage] ?? 0, meter.peak());
      if (step === last[stage]) meter.allow(Infinity);
    },
    note: (level: string, message: string) => void (level === "warning" && warnings.push(message)),
  };
  const options = { runFolder, signal: stop.signal, observer, resume: true };
  const outcome = await trainInFolder(config, options, trainRun);
  return { outcome, peaks, warnings };
}

const between = (one: number, other: number) => (one + other) / 2;

for (const device of ["wasm", "native"] satisfies DeviceName[]) {
  const absent = absence(device);
  Deno.test({
    ...UNSANITIZED,
    name:
      `a run on ${device} whose batches do not fit ends as one that is told to take them in parts${absent}`,
    ignore: absent !== "",
    async fn() {
      await using data = await dataFolder();
      await openDevice({ device, threads: 1 });
      using meter = meterMemory();
      const set = [`device=${device}`, "model.width=32", "model.hidden=64", "align.groupSize=4"];
      const config = configIn(data.path, set);
      const inParts = configIn(data.path, [...set, "sft.microBatch=8", "align.microBatch=4"]);
      const whole = await boundedRun(config, `${data.path}/whole`, {}, meter);
      const parts = await boundedRun(inParts, `${data.path}/parts`, {}, meter);
      const bounds = Object.fromEntries(
        ["sft", "align"].map((stage) => {
          assert(parts.peaks[stage]! < whole.peaks[stage]!, `${stage}: ${parts.peaks[stage]}`);
          return [stage, between(parts.peaks[stage]!, whole.peaks[stage]!)];
        }),
      );
      const bounded = await boundedRun(config, `${data.path}/bounded`, bounds, meter);
      const said = bounded.warnings.filter((warning) => warning.includes("no memory on the device"));
      assertEquals(said.length, 2, said.join("\n"));
      assertStringIncludes(said[0]!, "sft: step 1: no memory on the device for 16 users at once (");
      assertStringIncludes(said[0]!, "as with sft.microBatch 8. Sums are added up in another order");
      assertStringIncludes(said[1]!, "align: step 1: no memory on the device for 8 contexts at once (");
      assertStringIncludes(said[1]!, "as with align.microBatch 4.");
      const { warnings } = await readManifest(`${data.path}/bounded`);
      assertEquals(warnings.filter((warning) => warning.includes("no memory on the device")), said);
      const [found, expected] = await Promise.all(
        ["bounded", "parts"].map((name) => checkpointsOf({ folder: `${data.path}/${name}` })),
      );
      assertEquals(found, expected);
      assertEquals(bounded.outcome.results, parts.outcome.results);
    },
  });
}

Deno.test({
  ...UNSANITIZED,
  name: "a run that goes on keeps the parts that the device forced, and says so",
  async fn() {
    await using data = await dataFolder();
    await openDevice({ device: "wasm", threads: 1 });
    using meter = meterMemory();
    const set = ["model.width=32", "model.hidden=64", "align.method=sft"];
    const config = configIn(data.path, set);
    const inParts = configIn(data.path, [...set, "sft.microBatch=8"]);
    const whole = await boundedRun(config, `${data.path}/whole`, {}, meter);
    const parts = await boundedRun(inParts, `${data.path}/parts`, {}, meter);
    const sft = between(whole.peaks["sft"]!, parts.peaks["sft"]!);
    const folder = `${data.path}/run`;
    const stopping = boundedRun(config, folder, { sft }, meter, {}, { sft: 2 });
    await assertRejects(() => stopping, BladeError, "interrupted");
    assertEquals([...(await checkpointsOf({ folder })).keys()], ["sft-step-0000002.safetensors"]);
    meter.allow(Infinity);
    const resumed = await run(config, folder);
    assert(
      resumed.warnings.includes(
        "sft goes on as with sft.microBatch 8: the device had no memory for larger parts of a batch.",
      ),
      resumed.warnings.join("\n"),
    );
    assertEquals(await checkpointsOf(resumed), await checkpointsOf({ folder: `${data.path}/parts` }));
  },
});

for (const [stage, unit, rows] of [["sft", "users", 16], ["align", "contexts", 8]] as const) {
  Deno.test({
    ...UNSANITIZED,
    name: `${stage} that has no memory for one of its ${unit} stops with what was asked, its state as it was`,
    async fn() {
      await using data = await dataFolder();
      await openDevice({ device: "wasm", threads: 1 });
      using meter = meterMemory();
      const config = configIn(data.path, ["checkpoint.everySteps=1"]);
      const whole = await run(config, `${data.path}/whole`);
      const runFolder = `${data.path}/run`;
      await Deno.mkdir(runFolder);
      const notes: string[] = [];
      const observer = {
        stage() {},
        step: (event: { stage: string; step: number }) =>
          void (event.stage === stage && event.step === 1 && meter.allow(500)),
        note: (_: string, message: string) => void notes.push(message),
      };
      const { signal } = new AbortController();
      const training = trainInFolder(config, { runFolder, signal, observer, resume: true }, trainRun);
      const { refusal } = await assertRejects(() => training, BladeError);
      assertEquals(refusal.place, `${stage}: step 2 on wasm`);
      assertEquals(
        refusal.rule,
        `the device must have memory for one of the ${unit} at once (${stage}.microBatch 1)`,
      );
      assertMatch(String(refusal.value), /^\d+ bytes more$/);
      const tried = notes.flatMap((note) => /no memory on the device for (\d+)/.exec(note)?.[1] ?? []);
      assertEquals(tried.map(Number), rows === 16 ? [16, 8, 4, 2] : [8, 4, 2]);
      meter.allow(Infinity);
      // Nothing of the step was done: from the checkpoint before it the run ends with the bits of one without a fault.
      const resumed = await run(config, runFolder);
      assertEquals(await checkpointsOf(resumed), await checkpointsOf(whole));
    },
  });
}

const noGpu = absence("webgpu");
for (const slate of ["plackett-luce", "autoregressive"]) {
  Deno.test({
    ...UNSANITIZED,
    name:
      `${slate} batches that a GPU has no buffers for are taken in parts, with the bits of such a run${noGpu}`,
    ignore: noGpu !== "",
    async fn() {
      await using data = await dataFolder();
      const set = [
        "device=webgpu",
        `model.slate=${slate}`,
        "model.width=32",
        "model.hidden=64",
        "align.method=sft",
        "checkpoint.everySteps=1",
      ];
      await openDevice({ device: "webgpu" });
      const onFreshGpu = async (name: string, more: readonly string[], bounds: Bounds) => {
        await reopenGpu();
        using meter = meterMemory();
        const config = configIn(data.path, [...set, ...more]);
        // What later steps take depends on the buffers that those before have left.
        return await boundedRun(config, `${data.path}/${name}`, bounds, meter, { sft: 1 });
      };
      const whole = await onFreshGpu("whole", [], {});
      const parts = await onFreshGpu("parts", ["sft.microBatch=8"], {});
      assert(parts.peaks["sft"]! < whole.peaks["sft"]!);
      const bound = between(parts.peaks["sft"]!, whole.peaks["sft"]!);
      const bounded = await onFreshGpu("bounded", [], { sft: bound });
      const said = bounded.warnings.filter((warning) => warning.includes("no memory on the device"));
      assertEquals(said.length, 1, said.join("\n"));
      assertMatch(
        said[0]!,
        /^sft: step 1: no memory on the device for 16 users at once \(.*maximum buffer size/,
      );
      assertEquals(
        await checkpointsOf({ folder: `${data.path}/bounded` }),
        await checkpointsOf({ folder: `${data.path}/parts` }),
      );
    },
  });
}
