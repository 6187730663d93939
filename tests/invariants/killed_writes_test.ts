/** A run that dies at any moment of its writing ends, once it is gone on with, where it would have ended. */
import { assert, assertEquals } from "@std/assert";
import { train } from "../../src/config/train.ts";
import { readEvents } from "../../src/report/event_log.ts";
import { smallConfig } from "../ci/small_run.ts";
import { checkpointsOf, dataFolder } from "../train/small_runs.ts";
import { endedAt } from "./_frozen_writes.ts";

/** What a run leaves that has to be the same to the last bit. */
async function leftIn(folder: string) {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return {
    names: names.sort(),
    checkpoints: await checkpointsOf({ folder }),
    tables: await Promise.all(
      ["lists.csv", "per-user.csv"].map((name) => Deno.readTextFile(`${folder}/${name}`)),
    ),
    steps: await stepsIn(folder),
  };
}

async function stepsIn(folder: string) {
  const events = await readEvents(`${folder}/events.jsonl`);
  return events.flatMap((event) =>
    event.kind === "step" ? [{ stage: event.stage, step: event.step, values: event.values }] : []
  );
}

Deno.test({
  name:
    "a run that dies at any moment of any of its writes goes on to the same end, with every step logged once",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using data = await dataFolder();
    const config = smallConfig({ data: { folder: data.path } });
    const set = [
      "checkpoint.everySteps=2",
      'evaluate.systems=["reference","sft-continued","aligned"]',
    ];
    const goOn = (out: string) => train(config, { out, set, resume: true });
    const whole = `${data.path}/whole`;
    const { moments } = await endedAt(Infinity, () => goOn(whole));
    const expected = await leftIn(whole);
    assert(moments > 60, `${moments} moments`);
    for (let n = 1; n <= moments; n++) {
      const folder = `${data.path}/${n}`;
      const { ending } = await endedAt(n, () => goOn(folder));
      assertEquals(ending.killed, true, `moment ${n}`);
      await goOn(folder);
      assertEquals(await leftIn(folder), expected, `killed at moment ${n}`);
      await Deno.remove(folder, { recursive: true });
    }
  },
});
