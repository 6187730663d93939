/** What a run does that finds its folder damaged, or left by a program that died before it had begun. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openRun } from "../../src/config/open_run.ts";
import { keptConfig, newRunFolder } from "../../src/config/run_in_folder.ts";
import { lockRunFolder } from "../../src/config/run_lock.ts";
import { train } from "../../src/config/train.ts";
import { BladeError } from "../../src/core/errors.ts";
import { readEvents } from "../../src/report/event_log.ts";
import { smallConfig } from "../ci/small_run.ts";
import { checkpointsOf, configIn, dataFolder, type Run, run } from "../train/small_runs.ts";

async function listsOf({ folder }: Run): Promise<string[]> {
  return await Promise.all(
    ["lists.csv", "per-user.csv"].map((name) => Deno.readTextFile(`${folder}/${name}`)),
  );
}

/** Flips one bit of a file. */
async function damage(path: string, at: (length: number) => number): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[at(bytes.length)]! ^= 4;
  await Deno.writeFile(path, bytes);
}

Deno.test("a damaged checkpoint is named, and the run goes on from the one before it to the same end", async (t) => {
  await using data = await dataFolder();
  const config = configIn(data.path, ["checkpoint.everySteps=1", "checkpoint.keep=2", "align.epochs=2"]);
  const whole = await run(config, `${data.path}/whole`);
  const perEpoch = whole.steps.find(({ stage, values }) => stage === "align" && values["epoch"] === 1)!.step;
  const last = perEpoch + 1;
  const nameOf = (step: number) => `align-step-${String(step).padStart(7, "0")}.safetensors`;
  const damages: [string, (path: string) => Promise<void>][] = [
    ["cut short", async (path) => await Deno.truncate(path, (await Deno.stat(path)).size - 8)],
    ["of no bytes", (path) => Deno.truncate(path)],
    ["with a flipped bit in its header", (path) => damage(path, () => 40)],
    ["with a flipped bit in its data", (path) => damage(path, (length) => length - 9)],
    ["of the step before", (path) => Deno.copyFile(path.replace(nameOf(last), nameOf(last - 1)), path)],
  ];
  for (const [what, spoil] of damages) {
    await t.step(what, async () => {
      const folder = `${data.path}/${what}`;
      // In the second epoch: the end of the first one was measured after the checkpoint that is gone back to.
      await run(config, folder, { stage: "align", step: last });
      await spoil(`${folder}/checkpoints/${nameOf(last)}`);
      const resumed = await run(config, folder);
      const [warning] = resumed.warnings;
      assert(
        warning !== undefined &&
          warning.includes(`A damaged checkpoint is passed over: ${folder}/checkpoints/${nameOf(last)}`),
      );
      assert(warning.includes(`the run goes on from ${nameOf(last - 1)}`), warning);
      const { [`${nameOf(last)}.damaged`]: aside, ...left } = Object.fromEntries(
        await checkpointsOf(resumed),
      );
      assert(aside !== undefined, "not put aside");
      assertEquals(new Map(Object.entries(left)), await checkpointsOf(whole));
      assertEquals(await listsOf(resumed), await listsOf(whole));
      const logged = (await readEvents(`${folder}/events.jsonl`)).flatMap((event) =>
        event.kind === "step" ? [{ stage: event.stage, step: event.step, values: event.values }] : []
      );
      assertEquals(logged as Run["steps"], whole.steps);
    });
  }
});

Deno.test("without a whole checkpoint, or with a damaged stage before it, a run is refused until the file is deleted", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path, ["align.epochs=2"]);
  const whole = await run(config, `${data.path}/whole`);
  const { folder } = await run(config, `${data.path}/run`, { stage: "align", step: 2 });
  const only = `${folder}/checkpoints/align-step-0000002.safetensors`;
  const reference = `${folder}/checkpoints/sft.safetensors`;
  await damage(reference, (length) => length - 1);
  await damage(only, (length) => length - 1);
  for (const [path, stage] of [[only, "align"], [reference, "sft"]] as const) {
    const error = await assertRejects(() => run(config, folder), BladeError, path);
    assert(
      error.message.includes(`train --resume ${folder} then makes the stage ${stage} again`),
      error.message,
    );
    await Deno.remove(path);
  }
  const resumed = await run(config, folder);
  assertEquals(await checkpointsOf(resumed), await checkpointsOf(whole));
  assertEquals(await listsOf(resumed), await listsOf(whole));
});

Deno.test("a finished run whose weights were damaged is not opened", async () => {
  await using data = await dataFolder();
  const { folder } = await run(configIn(data.path), `${data.path}/run`);
  await damage(`${folder}/checkpoints/align.safetensors`, (length) => length - 1);
  const error = await assertRejects(
    () => openRun(folder),
    BladeError,
    "align.safetensors: must be what was written",
  );
  assert(error.message.includes("or delete it and manifest.json"), error.message);
});

Deno.test("what the data were is refused where its file is damaged, and goes on once the user deletes it", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const { folder } = await run(config, `${data.path}/run`, { stage: "sft", step: 1 });
  for (const text of ["", "[{", "null", '[{"path":1}]']) {
    await Deno.writeTextFile(`${folder}/data.json`, text);
    await assertRejects(
      () => run(config, folder),
      BladeError,
      `${folder}/data.json: must be the list of data files`,
    );
  }
  await Deno.remove(`${folder}/data.json`);
  assert((await run(config, folder)).outcome !== null);
});

Deno.test("a run stopped before its first step keeps its folder, to go on from", async () => {
  await using data = await dataFolder();
  const stop = new AbortController();
  stop.abort();
  const out = `${data.path}/run`;
  const config = smallConfig({ data: { folder: data.path } });
  const error = await assertRejects(() => train(config, { out, signal: stop.signal }), BladeError);
  assertEquals(error.exitCode, 3);
  assert(error.message.includes("interrupted in reading the data"), error.message);
  assertEquals((await train(config, { out, resume: true })).runFolder, out);
});

Deno.test("a folder in which a program died before its first file was whole is as good as new", async () => {
  await using data = await dataFolder();
  const out = `${data.path}/run`;
  await Deno.mkdir(out);
  await Deno.writeTextFile(`${out}/.config.resolved.json.0a1b2c3d.part`, '{"seed"');
  await Deno.writeTextFile(`${out}/run.lock`, "process 1, since yesterday\n");
  assertEquals(await keptConfig(out), undefined);
  const config = configIn(data.path);
  {
    using _other = lockRunFolder(out);
    await assertRejects(
      () => newRunFolder(config, { out, name: "" }),
      BladeError,
      "must have one writer at a time",
    );
  }
  await newRunFolder(config, { out, name: "" });
  assertEquals(await Array.fromAsync(Deno.readDir(out), ({ name }) => name), ["config.resolved.json"]);
  const error = await assertRejects(() => newRunFolder(config, { out, name: "" }), BladeError);
  assert(error.message.includes(`go on with this run: train --resume ${out}`), error.message);
});

Deno.test("a lock that outlived the end of its run is removed when the results are read back", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const { folder } = await run(config, `${data.path}/run`);
  await Deno.writeTextFile(`${folder}/run.lock`, "process 1, since yesterday\n");
  assert((await run(config, folder)).outcome !== null);
  await assertRejects(() => Deno.stat(`${folder}/run.lock`), Deno.errors.NotFound);
});

Deno.test("a log with zeros in it, as a power cut leaves it, loses them with a word", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path);
  const { folder, steps } = await run(config, `${data.path}/run`, { stage: "sft", step: 2 });
  const log = `${folder}/events.jsonl`;
  await Deno.writeTextFile(log, "\0\0\0\n\0\0", { append: true });
  const resumed = await run(config, folder);
  assertEquals(resumed.warnings[0], `1 line of ${log} held no event and went.`);
  const logged = (await readEvents(log)).filter(({ kind }) => kind === "step");
  assertEquals(logged.length, steps.length + resumed.steps.length);
});

Deno.test("a configuration that is damaged is refused by its file's name", async () => {
  await using data = await dataFolder();
  const { folder } = await run(configIn(data.path), `${data.path}/run`, { stage: "sft", step: 1 });
  const path = `${folder}/config.resolved.json`;
  for (const text of ["", '{"seed": 1', "\0\0"]) {
    await Deno.writeTextFile(path, text);
    await assertRejects(() => keptConfig(folder), BladeError, path);
  }
});
