/** A run that is killed at any moment goes on to where it would have ended, to the last bit. */
import { assert, assertEquals } from "@std/assert";
import { randomKey } from "../../src/numerics/random.ts";
import { readEvents } from "../../src/report/event_log.ts";
import { stub } from "@std/testing/mock";
import { blade, temporaryFolder } from "../ci/command_line.ts";
import { smallConfig, writeSmallData } from "../ci/small_run.ts";
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

Deno.test({
  name: "twenty kills at random moments, and the run ends as the one that nobody disturbed",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    await writeSmallData(folder.path);
    // A checkpoint after every step, so that kills fall into the writing of some.
    const config = {
      ...smallConfig(),
      checkpoint: { everySteps: 1, keep: 2 },
      sft: { epochs: 6, batch: 16, patience: 6 },
      align: { groupSize: 2, cutoff: 3, batch: 8, epochs: 4 },
      evaluate: {
        metrics: ["ndcg@3"],
        systems: ["reference", "sft-continued", "best-of-n", "aligned"] as const,
        resamples: 100,
      },
    };
    const path = `${folder.path}/small.jsonc`;
    await Deno.writeTextFile(path, JSON.stringify(config));
    const [whole, killed] = [`${folder.path}/whole`, `${folder.path}/killed`];
    const write = [`--allow-write=${folder.path}`];
    const undisturbed = await blade(["train", path, "--out", whole], write);
    assertEquals(undisturbed.code, 0, undisturbed.err);
    const stages = new Set<string>();
    let key = randomKey(20);
    for (let kills = 0; kills < 20; kills++) {
      key = key.split("kill", kills);
      const lines = 1 + key.bits(0) % 9, delayMs = key.bits(1) % 12;
      const args = await exists(`${killed}/config.resolved.json`)
        ? ["--resume", killed]
        : [path, "--out", killed];
      const stage = await killAfter(args, write, killed, lines, delayMs);
      if (stage === null) throw new Error(`the run had ended before kill ${kills + 1}`);
      stages.add(stage);
    }
    const { code, err } = await blade(["train", "--resume", killed], write);
    assertEquals(code, 0, err);
    assertEquals(await madeIn(killed), await madeIn(whole));
    assert(stages.size >= 3, `killed in ${[...stages]} only`);
  },
});

/** Starts the program, and kills it when its log has so many more lines, some milliseconds later. */
async function killAfter(
  args: readonly string[],
  extra: readonly string[],
  folder: string,
  lines: number,
  delayMs: number,
): Promise<string | null> {
  const log = async () => (await Deno.readTextFile(`${folder}/events.jsonl`).catch(() => "")).split("\n");
  const before = (await log()).length;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "--quiet", "--no-prompt", ...extra, "main.ts", "train", ...args],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const status = child.status.then((status) => {
    ended = true;
    return status;
  });
  while (!ended && (await log()).length < before + lines) await pause(2);
  await pause(delayMs);
  if (!ended) child.kill("SIGKILL");
  if ((await status).signal !== "SIGKILL") return null;
  const last = (await log()).slice(0, -1).at(-1);
  return last === undefined ? "start" : JSON.parse(last).stage ?? "note";
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
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
