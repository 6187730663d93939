import { assert, assertEquals, assertRejects } from "@std/assert";
import { explainFailure } from "../../src/cli/failure.ts";
import { decodeSafetensors } from "../../src/model/safetensors.ts";
import { readEvents } from "../../src/report/event_log.ts";
import { checkpointsOf, configIn, dataFolder, filesOf, run } from "../train/small_runs.ts";
import { assertRefused, blade } from "./command_line.ts";
import { smallConfig } from "./small_run.ts";
import { noDisk, type SmallDisk, smallDisk } from "./small_disk.ts";

const UNSANITIZED = { ignore: noDisk !== "", sanitizeOps: false, sanitizeResources: false };

/** Every name in a folder and below it. */
async function namesBelow(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    names.push(name, ...isDirectory ? await namesBelow(`${folder}/${name}`) : []);
  }
  return names;
}

/** Pages of 4 KiB that the files of a folder fill. */
function pagesOf(folder: string, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + Math.ceil(Deno.statSync(`${folder}/${name}`).size / 4096), 0);
}

const LAST = ["lists.csv", "per-user.csv", "model-card.md", "report.html"];

/** Where the disk is full, by the file that does not fit: from which step on, and with how many pages free. */
const faults: readonly {
  readonly file: RegExp;
  readonly what: string;
  readonly set: readonly string[];
  readonly after: readonly [stage: string, step: number];
  pages(whole: string): number;
}[] = [
  {
    what: "the log",
    file: /\/run\/events\.jsonl/,
    set: ["sft.epochs=40", "sft.patience=40"],
    after: ["sft", 1],
    pages: () => 0,
  },
  {
    what: "a checkpoint",
    file: /\/run\/checkpoints\/align-step-0000003\.safetensors/,
    set: ["checkpoint.everySteps=1"],
    after: ["align", 3],
    pages: () => 1,
  },
  {
    what: "what a stage leaves",
    file: /\/run\/checkpoints\/sft\.safetensors/,
    set: [],
    after: ["sft", 3],
    pages: () => 1,
  },
  { what: "the lists", file: /\/run\/lists\.csv/, set: [], after: ["evaluate", 3], pages: () => 0 },
  {
    what: "the values per user",
    file: /\/run\/per-user\.csv/,
    set: [],
    after: ["evaluate", 3],
    pages: (whole) => pagesOf(whole, LAST.slice(0, 1)),
  },
  {
    what: "the report",
    file: /\/run\/report\.html/,
    set: [],
    after: ["evaluate", 3],
    pages: (whole) => pagesOf(whole, LAST.slice(0, 3)),
  },
  {
    what: "the manifest",
    file: /\/run\/manifest\.json/,
    set: [],
    after: ["evaluate", 3],
    pages: (whole) => pagesOf(whole, LAST),
  },
];

for (const { what, file, set, after: [stage, step], pages } of faults) {
  Deno.test({
    ...UNSANITIZED,
    name:
      `a disk without room for ${what} stops the run by that name; with room again it ends as it would have${noDisk}`,
    async fn() {
      await using data = await dataFolder();
      await using disk = await smallDisk(2048);
      const config = configIn(data.path, set);
      const whole = await run(config, `${data.path}/whole`);
      const folder = `${disk.path}/run`;
      const fill = (event: { readonly stage: string; readonly step: number }) => {
        if (event.stage === stage && event.step === step) disk.fill(pages(whole.folder));
      };
      const error = await assertRejects(() => run(config, folder, undefined, fill), Error);
      const { message, exitCode } = explainFailure(error, false);
      assertEquals(exitCode, 2);
      assert(file.test(message), message);
      assert(message.includes("must fit on the disk, which is full.\n  To mend: make room"), message);
      const names = await namesBelow(folder);
      assertEquals(names.filter((name) => name.endsWith(".part") || name === "manifest.json"), []);
      if (names.includes("checkpoints")) {
        for (const [name, bytes] of await checkpointsOf({ folder })) decodeSafetensors(bytes, name);
      }
      // All that is in the log can be read; a last line that was cut is left out.
      const before = await readEvents(`${folder}/events.jsonl`);
      assert(before.some((event) => event.kind === "step" && event.stage === stage && event.step >= step));

      disk.makeRoom();
      const resumed = await run(config, folder);
      assertEquals(await filesOf(resumed), await filesOf(whole));
      assert((await readEvents(`${folder}/events.jsonl`)).length > before.length);
    },
  });
}

Deno.test({
  ...UNSANITIZED,
  name:
    `a disk that is full from the start refuses the run, and the same command works once there is room${noDisk}`,
  async fn() {
    await using data = await dataFolder();
    await using disk = await smallDisk(1024);
    const train = await commandOf(data.path, disk);
    disk.fill(0);
    assertRefused(await train(), [
      "run.lock",
      "must fit on the disk, which is full",
      "make room",
    ]);
    assertEquals((await namesBelow(disk.path)).filter((name) => name !== "filler" && name !== "run"), []);
    disk.makeRoom();
    const { code, err } = await train();
    assertEquals(code, 0, err);
  },
});

Deno.test({
  ...UNSANITIZED,
  name:
    `a disk that fills up while the program runs stops it with one message; --resume goes on to the same end${noDisk}`,
  async fn() {
    await using data = await dataFolder();
    await using disk = await smallDisk(1024);
    const train = await commandOf(data.path, disk);
    disk.fill(10);
    assertRefused(await train(), [`${disk.path}/run/`, "must fit on the disk, which is full", "make room"]);
    disk.makeRoom();
    const write = [`--allow-write=${data.path},${disk.path}`];
    const resumed = await blade(["train", "--resume", `${disk.path}/run`], write);
    assertEquals(resumed.code, 0, resumed.err);
    const whole = await blade(["train", `${data.path}/small.jsonc`, "--out", `${data.path}/run`], write);
    assertEquals(whole.code, 0, whole.err);
    assertEquals(
      await filesOf({ folder: `${disk.path}/run` }),
      await filesOf({ folder: `${data.path}/run` }),
    );
    assertEquals((await namesBelow(`${disk.path}/run`)).filter((name) => name.endsWith(".part")), []);
  },
});

Deno.test({
  ...UNSANITIZED,
  name:
    `a disk that can only be read refuses a new run, and one to go on with, and leaves both as they were${noDisk}`,
  async fn() {
    await using data = await dataFolder();
    await using disk = await smallDisk(1024);
    const config = configIn(data.path);
    const train = await commandOf(data.path, disk, "new");
    const kept = `${disk.path}/kept`;
    await run(config, kept, { stage: "align", step: 2 });
    await Deno.writeTextFile(`${kept}/config.resolved.json`, JSON.stringify(config));
    const before = await namesBelow(kept);
    await disk.remount("ro");
    const says = [disk.path, "must be on a disk that can be written", "name a folder on another disk"];
    assertRefused(await train(), says);
    assertRefused(await blade(["train", "--resume", kept], [`--allow-write=${disk.path}`]), [
      kept,
      ...says.slice(1, 2),
    ]);
    assertEquals(await namesBelow(disk.path), ["kept", ...before]);
    await disk.remount("rw");
    const whole = await run(config, `${data.path}/whole`);
    assertEquals(await filesOf(await run(config, kept)), await filesOf(whole));
  },
});

/** The command of a user who trains the small run onto the disk. */
async function commandOf(folder: string, disk: SmallDisk, name = "run") {
  await Deno.writeTextFile(`${folder}/small.jsonc`, JSON.stringify(smallConfig()));
  return () =>
    blade(["train", `${folder}/small.jsonc`, "--out", `${disk.path}/${name}`], [
      `--allow-write=${disk.path}`,
    ]);
}
