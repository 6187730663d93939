/** What a run does that finds its folder damaged, or left by a program that died before it had begun. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openRun } from "../../src/config/open_run.ts";
import { keptConfig, newRunFolder } from "../../src/config/run_in_folder.ts";
import { lockRunFolder } from "../../src/config/run_lock.ts";
import { train } from "../../src/config/train.ts";
import { BladeError } from "../../src/core/errors.ts";
import { readEvents } from "../../src/report/event_log.ts";
import { smallConfig } from "../ci/small_run.ts";
import { configIn, dataFolder, run } from "../train/small_runs.ts";

/** Flips one bit of a file. */
async function damage(path: string, at: (length: number) => number): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[at(bytes.length)]! ^= 4;
  await Deno.writeFile(path, bytes);
}

Deno.test("a finished run whose weights were damaged is not opened", async () => {
  await using data = await dataFolder();
  const { folder } = await run(configIn(data.path), `${data.path}/run`);
  await damage(`${folder}/checkpoints/align.safetensors`, (length) => length - 1);
  const error = await assertRejects(
    () => openRun(folder),
    BladeError,
    "align.safetensors: must have the SHA-256",
  );
  assert(error.message.includes("or remove it and manifest.json"), error.message);
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
      `${folder}/data.json: `,
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
