/** A run that was stopped and gone on with has to end where an uninterrupted one ends, to the last bit. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { checkpointsOf, configIn, dataFolder, type Run, run } from "../train/small_runs.ts";

/** Everything that has state: dropout, a moving anchor, pooling, what was shown, both kinds of supervised training. */
const EVERYTHING = [
  "model.dropout=0.1",
  "sft.epochs=2",
  "align.epochs=2",
  "align.anchor=ema",
  "align.emaDecay=0.7",
  "target.pooling=2",
  'reward.terms=[{"metric":"ndcg@3"},{"metric":"coverage@3"},{"metric":"mgu@3"}]',
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

Deno.test("a checkpoint that was cut short is refused with its name, and left where it is", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const { folder } = await run(config, `${data.path}/run`, { stage: "align", step: 2 });
  const path = `${folder}/checkpoints/align-step-0000002.safetensors`;
  await Deno.truncate(path, (await Deno.stat(path)).size - 8);
  const error = await assertRejects(() => run(config, folder), Error, "align-step-0000002.safetensors");
  assert(error.message.includes("To mend:"), error.message);
  assert((await Deno.stat(path)).isFile);
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
