/** A run that is killed at any moment goes on to where it would have ended, to the last bit. */
import { assert, assertEquals } from "@std/assert";
import { readEvents } from "../../src/report/event_log.ts";
import { stub } from "@std/testing/mock";
import { copyFolder } from "../copy_folder.ts";
import { checkpointsOf, configIn, dataFolder, run } from "../train/small_runs.ts";

/** What a run computed: its weights, lists, values per user, and what its log tells of each step, once. */
async function madeIn(folder: string): Promise<Record<string, unknown>> {
  const events = await readEvents(`${folder}/events.jsonl`);
  const steps = events.flatMap((event) =>
    event.kind === "step" ? [JSON.stringify([event.stage, event.step, event.values])] : []
  );
  const text = (name: string) => Deno.readTextFile(`${folder}/${name}`);
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return {
    checkpoints: await checkpointsOf({ folder }),
    lists: await text("lists.csv"),
    perUser: await text("per-user.csv"),
    steps,
    names: names.sort(),
  };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("what is on the disk before every write, sync, rename and removal is enough to go on from", async () => {
  await using data = await dataFolder();
  const config = configIn(data.path, ["checkpoint.everySteps=3", "checkpoint.keep=1", "model.dropout=0.1"]);
  const folder = `${data.path}/run`;
  let moments = 0;
  const keep = async () => {
    if (await exists(folder)) await copyFolder(folder, `${data.path}/moment-${++moments}`);
  };
  const { rename, remove } = Deno;
  const { sync, write } = Deno.FsFile.prototype;
  {
    using _rename = stub(Deno, "rename", async (...paths) => {
      await keep();
      await rename(...paths);
    });
    using _remove = stub(Deno, "remove", async (...what) => {
      await keep();
      await remove(...what);
    });
    using _sync = stub(Deno.FsFile.prototype, "sync", async function (this: Deno.FsFile) {
      await keep();
      await sync.call(this);
    });
    const halved = new WeakSet<Deno.FsFile>();
    using _write = stub(
      Deno.FsFile.prototype,
      "write",
      async function (this: Deno.FsFile, bytes: Uint8Array) {
        if (halved.has(this)) return await write.call(this, bytes);
        halved.add(this);
        // Half of it has been written when the power goes.
        const half = await write.call(this, bytes.subarray(0, Math.ceil(bytes.length / 2)));
        await keep();
        return half;
      },
    );
    await run(config, folder);
  }
  const expected = await madeIn(folder);
  assert(moments > 40, `${moments} moments`);
  for (let moment = 1; moment <= moments; moment++) {
    const at = `${data.path}/moment-${moment}`;
    await run(config, at);
    for (const [what, found] of Object.entries(await madeIn(at))) {
      assertEquals(found, expected[what], `${what} after moment ${moment}`);
    }
    await Deno.remove(at, { recursive: true });
  }
});
