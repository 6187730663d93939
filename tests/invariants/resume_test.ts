/** A run that was stopped and gone on with has to end where an uninterrupted one ends, to the last bit. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { checkSameData } from "../../src/config/kept_data.ts";
import { openRun } from "../../src/config/open_run.ts";
import { lockRunFolder } from "../../src/config/run_lock.ts";
import { readManifest } from "../../src/report/manifest.ts";
import { checkpointBytes, checkpointFrom } from "../../src/train/checkpoint_bytes.ts";
import { checkpointsOf, configIn, dataFolder, type Run, run } from "../train/small_runs.ts";

/**
 * Everything that has state: dropout, a moving anchor, pooling, what was shown, by context too, multipliers, both kinds
 * of supervised training.
 */
const EVERYTHING = [
  "model.dropout=0.1",
  "align.dropout=0.2",
  "sft.epochs=2",
  "align.epochs=2",
  "align.anchor=ema",
  "align.emaDecay=0.7",
  "target.pooling=2",
  'reward.terms=[{"metric":"ndcg@3"},{"metric":"coverage@3"},{"metric":"mgu@3"}]',
  'reward.constraints=[{"metric":"pop-rsp@3","atMost":0.01},{"metric":"ild@3","atLeast":0.9}]',
  "reward.multiplierRate=1",
  'evaluate.systems=["reference","sft-continued","best-of-n","aligned"]',
  "checkpoint.everySteps=2",
  "checkpoint.keep=1",
];

async function listsOf({ folder }: Run): Promise<string[]> {
  return await Promise.all(
    ["lists.csv", "per-user.csv"].map((name) => Deno.readTextFile(`${folder}/${name}`)),
  );
}

for (
  const [device, slate] of [["wasm", "autoregressive"], ["wasm", "plackett-luce"], ["cpu", "plackett-luce"]]
) {
  Deno.test({
    name: `a resumed ${slate} run equals an uninterrupted one to the bit on ${device}`,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      await using data = await dataFolder();
      const config = configIn(data.path, [...EVERYTHING, `device=${device}`, `model.slate=${slate}`]);
      const whole = await run(config, `${data.path}/whole`);
      const expected = await checkpointsOf(whole);
      assertEquals([...expected.keys()], [
        "align.safetensors",
        "prior.safetensors",
        "sft-continued.safetensors",
        "sft.safetensors",
      ]);
      const last = (stage: string) =>
        Math.max(...whole.steps.filter((s) => s.stage === stage).map((s) => s.step));
      const multipliers = whole.steps.flatMap(({ values }) => values["multiplier:ild@3"] ?? []);
      assert(new Set(multipliers).size > 2, `the multiplier stood still: ${multipliers}`);
      const perEpoch = last("align") / 2;
      assert(Number.isInteger(perEpoch) && perEpoch > 2, `${perEpoch} steps`);
      const stops: [string, number][] = [
        ["sft", 1],
        ["sft", last("sft") / 2],
        ["sft-continued", 2],
        ["sft-continued", last("sft-continued")],
        ["align", 1],
        ["align", perEpoch],
        ["align", perEpoch + 1],
        ["align", last("align")],
      ];
      for (const [stage, step] of device === "cpu" ? stops.slice(5, 6) : stops) {
        await t.step(`stopped in ${stage} after step ${step}`, async () => {
          const folder = `${data.path}/${stage}-${step}`;
          const stopped = await run(config, folder, { stage, step });
          assertEquals(stopped.outcome, null);
          assertEquals(stopped.steps.at(-1)!.step, step);
          const kept = [...(await checkpointsOf(stopped)).keys()].filter((name) => name.includes("-step-"));
          assertEquals(kept, [`${stage}-step-${String(step).padStart(7, "0")}.safetensors`]);
          const resumed = await run(config, folder);
          assertEquals(await checkpointsOf(resumed), expected);
          assertEquals(await listsOf(resumed), await listsOf(whole));
          // Every number of every step, and none twice.
          assertEquals([...stopped.steps, ...resumed.steps], whole.steps);
        });
      }
    },
  });
}

Deno.test("a run stopped again and again ends where it would have", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path, ["align.epochs=2"]);
  const whole = await run(config, `${data.path}/whole`);
  const folder = `${data.path}/often`;
  for (const [stage, step] of [["sft", 1], ["sft", 2], ["align", 1], ["align", 2], ["align", 6]] as const) {
    assertEquals((await run(config, folder, { stage, step })).outcome, null);
  }
  const resumed = await run(config, folder);
  assertEquals(await checkpointsOf(resumed), await checkpointsOf(whole));
});

Deno.test("older checkpoints are dropped, as many kept as configured, and none once the stage is done", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path, ["sft.epochs=3", "checkpoint.everySteps=1", "checkpoint.keep=2"]);
  const names = async (folder: string) => [...(await checkpointsOf({ folder })).keys()];
  const stopped = await run(config, `${data.path}/run`, { stage: "sft", step: 5 });
  assertEquals(await names(stopped.folder), ["sft-step-0000004.safetensors", "sft-step-0000005.safetensors"]);
  const inAlignment = await run(config, `${data.path}/run`, { stage: "align", step: 1 });
  assertEquals(await names(inAlignment.folder), [
    "align-step-0000001.safetensors",
    "prior.safetensors",
    "sft.safetensors",
  ]);
});

Deno.test("a checkpoint of another model is refused with the weight at fault", async () => {
  await using data = await dataFolder();
  await run(configIn(data.path), `${data.path}/run`, { stage: "sft", step: 1 });
  await assertRejects(
    () => run(configIn(data.path, ["model.hidden=20"]), `${data.path}/run`),
    Error,
    "parameters/layers.0.gateUp: must be a 32-bit float tensor of shape [8,40]",
  );
});

Deno.test("a stop is heard in the stages that keep no state of their own, and the run goes on to the same end", async (t) => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const whole = await run(config, `${data.path}/whole`);
  for (const stage of ["prior", "evaluate"]) {
    await t.step(stage, async () => {
      const stopped = await run(config, `${data.path}/${stage}`, { stage, step: 1 });
      assertEquals(stopped.outcome, null);
      assertEquals(stopped.steps.at(-1)?.stage, stage);
      const resumed = await run(config, stopped.folder);
      assertEquals(await checkpointsOf(resumed), await checkpointsOf(whole));
      assertEquals(await listsOf(resumed), await listsOf(whole));
    });
  }
});

Deno.test("a run that has finished is not trained again: its results are read back", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const whole = await run(config, `${data.path}/run`);
  const manifest = await Deno.readTextFile(`${whole.folder}/manifest.json`);
  const again = await run(config, whole.folder);
  assertEquals(again.steps, []);
  assertEquals(again.outcome?.results, whole.outcome?.results);
  assertMatch(again.outcome?.summary.join() ?? "", /finished already, on \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  assertEquals(await Deno.readTextFile(`${whole.folder}/manifest.json`), manifest);
});

Deno.test("data that changed after the start are refused by the file's name, and by evaluation too", async (t) => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const path = `${data.path}/ratings.csv`;
  const rows = await Deno.readTextFile(path);
  const { folder } = await run(config, `${data.path}/run`, { stage: "align", step: 1 });
  await Deno.writeTextFile(path, rows + "u1,i23,9999\n");
  await t.step("a resumed run", async () => {
    await assertRejects(
      () => run(config, folder),
      Error,
      "ratings.csv: must be the file that the run was started with",
    );
  });
  await Deno.writeTextFile(path, rows);
  await t.step("with the file as it was, the run goes on", async () => {
    assertEquals((await run(config, folder)).outcome?.runFolder, folder);
  });
  await t.step("a file more, or one less", () => {
    const file = { path: "tags.csv", bytes: 3, sha256: "aa" };
    assertThrows(() => checkSameData([], [file]), Error, "tags.csv: must not be there");
    assertThrows(() => checkSameData([file], []), Error, 'got "none"');
  });
  await t.step("a finished run that is opened", async () => {
    await Deno.writeTextFile(path, rows + "u1,i23,9999\n");
    await assertRejects(() => openRun(folder), Error, "must be the file that the run was started with");
  });
});

Deno.test("a folder has one writer at a time, and one that died holding it is followed with a word", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const folder = `${data.path}/run`;
  await run(config, folder, { stage: "sft", step: 1 });
  {
    using _other = lockRunFolder(folder);
    const error = await assertRejects(() => run(config, folder), Error, "must have one writer at a time");
    assert(error.message.includes(`process ${Deno.pid}, since `), error.message);
  }
  await Deno.writeTextFile(`${folder}/run.lock`, "process 1, since yesterday\n");
  const { outcome, infos } = await run(config, folder);
  assert(outcome !== null);
  assertEquals(infos.filter((line) => line.includes("taking over")), [
    "taking over from process 1, since yesterday, which ended before it closed the run folder",
  ]);
  const { artifacts } = await readManifest(folder);
  assertEquals(artifacts.filter(({ path }) => path === "run.lock"), []);
  await assertRejects(() => Deno.stat(`${folder}/run.lock`), Deno.errors.NotFound);
});

Deno.test("a checkpoint without what this version writes is refused with what is missing", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const { folder } = await run(config, `${data.path}/run`, { stage: "align", step: 1 });
  const path = `${folder}/checkpoints/prior.safetensors`;
  const { tensors, ...of } = checkpointFrom(await Deno.readFile(path), path, { stage: "prior", step: null });
  const older = new Map(
    [...tensors].map(([name, tensor]) => [name === "values.0" ? "rewards" : name, tensor]),
  );
  await Deno.writeFile(path, checkpointBytes({ ...of, tensors: older }).bytes);
  const error = await assertRejects(
    () => run(config, folder),
    Error,
    "prior.safetensors: values.0: must be there",
  );
  assert(error.message.includes("To mend: finish the run with the version that started it"), error.message);
});
