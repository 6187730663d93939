/** Whole runs on a device whose memory does not hold a batch: they go on in parts of it. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import type { BladeConfig } from "../../src/config/schema.ts";
import { trainInFolder } from "../../src/config/run_in_folder.ts";
import { trainRun } from "../../src/config/train_run.ts";
import { type DeviceName, openDevice } from "../../src/device/open_device.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { absence } from "../device/devices.ts";
import { type MemoryMeter, meterMemory } from "./less_memory.ts";
import { checkpointsOf, configIn, dataFolder, run } from "./small_runs.ts";

const UNSANITIZED = { sanitizeOps: false, sanitizeResources: false };

/** Bytes that the steps of each stage may take; all that there are where it is not named. */
type Bounds = Readonly<Record<string, number>>;

/** Trains while the steps of some stages have less memory; and the most that those of each took. */
async function boundedRun(config: BladeConfig, runFolder: string, bounds: Bounds, meter: MemoryMeter) {
  await Deno.mkdir(runFolder, { recursive: true });
  const peaks: Record<string, number> = {};
  const warnings: string[] = [];
  // Only steps are bounded: validation goes over more users at once than any of them.
  const begin = (stage: string) => meter.allow(bounds[stage] ?? Infinity);
  const observer = {
    stage: (name: string) => void (name === "sft" && begin(name)),
    step({ stage, step, values }: { stage: string; step: number; values: Record<string, number> }) {
      if (stage === "align" && step === 0) return begin(stage);
      if ("epoch" in values) return;
      peaks[stage] = Math.max(peaks[stage] ?? 0, meter.peak());
      if (step === { sft: 3, align: 5 }[stage]) meter.allow(Infinity);
    },
    note: (level: string, message: string) => void (level === "warning" && warnings.push(message)),
  };
  const { signal } = new AbortController();
  const outcome = await trainInFolder(config, { runFolder, signal, observer, resume: true }, trainRun);
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
