import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertRefused, blade } from "../ci/command_line.ts";
import { writeSmallData } from "../ci/small_run.ts";
import { absence } from "../device/devices.ts";
import { smallExperiment } from "../experiment/_experiments.ts";
import { ran, temporaryFolder } from "./_io.ts";

const CLAIMS = new URL("../../configs/claims.jsonc", import.meta.url).pathname;

/** A folder with the small data set and an experiment file; what a command needs to write an experiment into it. */
async function folderWith(file: unknown) {
  const folder = await temporaryFolder();
  await writeSmallData(folder.path);
  const config = `${folder.path}/small.jsonc`;
  await Deno.writeTextFile(config, JSON.stringify(file));
  return { folder, config, out: `${folder.path}/out`, write: `--allow-write=./runs,${folder.path}` };
}

/** Starts the program, and sends it a signal once it says that it aligns. */
async function signalledInAlignment(
  signal: Deno.Signal,
  args: readonly string[],
  permissions: readonly string[],
): Promise<{ status: Deno.CommandStatus; err: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "--quiet", "--no-prompt", ...permissions, "main.ts", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let err = "";
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    const began = err.includes("align: ");
    err += part;
    if (!began && err.includes("align: ")) child.kill(signal);
  }
  return { status: await child.status, err };
}

const TWO_ARMS = smallExperiment({
  arms: [{ name: "blade" }, { name: "backward", set: { "align.objective": "backward" } }],
  metrics: ["ndcg@3"],
});

const KEYS = [
  "bestOfN",
  "data",
  "difference",
  "gauges",
  "interval95",
  "mean",
  "method",
  "metric",
  "parametersUpdated",
  "rollouts",
  "seconds",
  "seeds",
  "signalFirst",
  "signalLast",
  "slatesWorth",
  "split",
  "trainReward",
  "validation",
];

Deno.test("experiment trains every run in this process where it may start no other, and says so", async () => {
  const { folder, config, out, write } = await folderWith(TWO_ARMS);
  await using _folder = folder;
  const { code, out: stdout, err } = await blade(["experiment", config, "--out", out, "--json"], [write]);
  assertEquals(code, 0, err);
  assertStringIncludes(
    err,
    "No permission to start deno: the runs happen in this process, one after the other",
  );
  assertStringIncludes(err, "--allow-run=deno");
  assertStringIncludes(err, "[2/2] backward");
  const { rows, baseline, failed, notes, name } = JSON.parse(stdout);
  assertEquals([baseline, failed, notes, name], ["blade", [], [], "small"]);
  assertEquals(rows.length, 2 * 5); // ndcg@3 and reward, of two arms and three systems
  for (const row of rows) {
    const { difference, seeds, split } = row;
    const keys = row.method === "blade" ? KEYS.filter((key) => key !== "difference") : KEYS;
    assertEquals(Object.keys(row).sort(), keys);
    assertEquals([seeds, split], [[1], "test"]);
    if (difference !== undefined) assertEquals(Object.keys(difference).sort(), ["interval95", "mean", "p"]);
  }
  assertEquals(JSON.parse(await Deno.readTextFile(`${out}/table.json`)).rows, rows);
  const csv = (await Deno.readTextFile(`${out}/table.csv`)).trim().split("\n");
  assertEquals(csv.length, 1 + rows.length);
  assertStringIncludes(csv[0]!, "method,data,metric,split,mean,low,high,seeds,difference,");
  assertStringIncludes(csv[0]!, ",signal_first,signal_last,updateSignal_first,");
  assert(csv.every((line) => line.split(",").length === csv[0]!.split(",").length), csv.join("\n"));
  const curves = (await Deno.readTextFile(`${out}/curves.csv`)).trim().split("\n");
  assertEquals(curves.map((line) => line.split(",").slice(0, 4).join()), [
    "method,data,seed,epoch",
    `blade,${rows[0].data},1,1`,
    `backward,${rows[0].data},1,1`,
  ]);
  const last = Object.fromEntries(
    curves[0]!.split(",").map((name, at) => [name, Number(curves[1]!.split(",")[at])]),
  );
  const blade1 = rows.find(({ method }: { method: string }) => method === "blade");
  assertEquals([last["reward"], last["best_of_n"], last["entropy"]], [
    blade1.trainReward,
    blade1.bestOfN,
    blade1.gauges.entropy.last,
  ]);
});

Deno.test("where oracles of several n stand in it, the table says how many slates a method's list is worth", async () => {
  const file = smallExperiment({ arms: [{ name: "blade" }], metrics: ["ndcg@3"] });
  const base = file["base"] as { evaluate: object };
  const systems = ["reference", "best-of-1", "best-of-3", "aligned"];
  const { folder, config, out, write } = await folderWith({
    ...file,
    base: { ...base, evaluate: { ...base.evaluate, systems } },
  });
  await using _folder = folder;
  const { code, out: text, err } = await blade(["experiment", config, "--out", out], [write]);
  assertEquals(code, 0, err);
  assertMatch(text, /parameters +worth\n/);
  assertStringIncludes(text, "worth: slates of the reference whose best, by the reward, is as good");
  const { rows } = JSON.parse(await Deno.readTextFile(`${out}/table.json`));
  const worth = (method: string, metric: string) =>
    rows.find((row: Record<string, unknown>) => row["method"] === method && row["metric"] === metric)
      .slatesWorth;
  assertEquals([worth("best-of-1", "reward"), worth("best-of-3", "reward"), worth("blade", "ndcg@3")], [
    1,
    3,
    null,
  ]);
  const own = worth("blade", "reward");
  assert(own >= 1 && own <= 3, `${own}`);
  assertEquals(
    rows.filter((row: { metric: string }) => row.metric === "reward")
      .map((row: { method: string; rollouts: number }) => [row.method, row.rollouts]).slice(2),
    [["best-of-1", 40], ["best-of-3", 120]],
  );
});

Deno.test("with leave to start deno each run is a process of its own, and the table is the same", async () => {
  const { folder, config, out, write } = await folderWith(TWO_ARMS);
  await using _folder = folder;
  const start = [write, `--allow-run=${Deno.execPath()}`];
  const apart = await blade(["experiment", config, "--out", out, "--parallel", "2", "--json"], start);
  assertEquals(apart.code, 0, apart.err);
  assert(!apart.err.includes("No permission"), apart.err);
  assertStringIncludes(apart.err, "(shared: sft, prior, sft-continued)");
  const here = await blade(["experiment", config, "--out", `${folder.path}/here`, "--json"], [write]);
  const table = (text: string) =>
    JSON.parse(text).rows.map(({ seconds: _, ...row }: Record<string, unknown>) => row);
  assertEquals(table(apart.out), table(here.out));
  // A finished experiment tells its table again, compared with another arm where one is named.
  const again = await blade(["experiment", "--resume", out], start);
  assertEquals(again.code, 0, again.err);
  assertMatch(again.out, /ndcg@3 +blade/);
  assertMatch(again.out, /method +validation +train reward +best-of-n/);
  const other = await blade(["experiment", "--resume", out, "--baseline", "backward", "--json"], start);
  assertEquals(other.code, 0, other.err);
  const difference = (text: string, name: string) =>
    JSON.parse(text).rows.find(({ method, metric }: Record<string, string>) =>
      method === name && metric === "reward"
    ).difference?.mean;
  assertEquals(JSON.parse(other.out).baseline, "backward");
  assertEquals(difference(other.out, "backward"), undefined);
  assertAlmostEquals(difference(other.out, "blade"), -difference(apart.out, "backward"), 1e-12);
  const none = await blade(["experiment", "--resume", out, "--baseline", "reference"], start);
  assertRefused(none, [
    "--baseline: must be the name of an arm",
    '"reference"',
    "take one of blade, backward",
  ]);
});

Deno.test({
  name: `runs that are processes of their own may load the BLAS that the experiment may load${
    absence("native")
  }`,
  ignore: absence("native") !== "" || Deno.build.os === "windows",
  async fn() {
    const file = smallExperiment({ arms: [{ name: "blade" }] });
    const base = { ...file["base"] as object, device: "auto" };
    const { folder, config, out, write } = await folderWith({ ...file, base });
    await using _folder = folder;
    const start = ["-P=native", write, `--allow-run=${Deno.execPath()}`];
    const { code, err } = await blade(["experiment", config, "--out", out], start);
    assertEquals(code, 0, err);
    assertStringIncludes(err, "] device: native");
  },
});

Deno.test("Ctrl-C stops the runs with their state saved and exits with 3; --resume finishes them", async () => {
  const long = smallExperiment({ arms: [{ name: "blade", set: { "align.epochs": 60 } }] });
  const { folder, config, out, write } = await folderWith(long);
  await using _folder = folder;
  const start = [write, `--allow-run=${Deno.execPath()}`];
  const { status, err } = await signalledInAlignment("SIGINT", ["experiment", config, "--out", out], start);
  assertEquals(status.code, 3, err);
  assertStringIncludes(err, "interrupted; the state of every run is saved");
  assertStringIncludes(err, `experiment --resume ${out}`);
  const [cell] = [...Deno.readDirSync(`${out}/cells`)].map(({ name }) => name);
  const names = [...Deno.readDirSync(`${out}/cells/${cell}/checkpoints`)].map(({ name }) => name);
  assert(names.some((name) => name.startsWith("align-step-")), `${names}`);
  const changed = await blade(["experiment", "--resume", out, "--set", "align.epochs=2"], [write]);
  assertRefused(changed, [
    "--resume: must stand without a file and its changes",
    `experiment --resume ${out}`,
  ]);
  const resumed = await blade(["experiment", "--resume", out, "--json"], [write]);
  assertEquals(resumed.code, 0, resumed.err);
  assertEquals(JSON.parse(resumed.out).notes, []);
  assert((await Deno.stat(`${out}/cells/${cell}/manifest.json`)).isFile);
});

Deno.test("halving drops an arm while runs are processes of their own, and the others go on to the end", async () => {
  const arms = [
    { name: "blade", set: { "align.epochs": 80 } },
    { name: "wild", set: { "align.epochs": 80, "align.learningRate": 0.5 } },
  ];
  const file = smallExperiment({ arms, metrics: ["ndcg@3"], halving: { rungs: [2], keep: 0.5 } });
  const { folder, config, out, write } = await folderWith(file);
  await using _folder = folder;
  const start = [write, `--allow-run=${Deno.execPath()}`];
  const { code, out: stdout, err } = await blade(["experiment", config, "--out", out, "--json"], start);
  assertEquals(code, 0, err);
  const { dropped, rows } = JSON.parse(stdout);
  const text = JSON.stringify(dropped);
  assertEquals(
    dropped.map(({ arm, epoch }: { arm: string; epoch: number }) => [arm, epoch]),
    [["wild", 2]],
    text,
  );
  assertMatch(err, /dropped after epoch 2 on \S+: wild/);
  assertStringIncludes(err, "at epoch 2 in");
  assertEquals([...new Set(rows.map(({ method }: { method: string }) => method))], [
    "blade",
    "reference",
    "sft-continued",
    "best-of-n",
  ]);
  const curves = await Deno.readTextFile(`${out}/curves.csv`);
  assertEquals(curves.trim().split("\n").length, 1 + 80);
});

Deno.test("an experiment that was killed goes on right away, past locks that nobody holds any more", async () => {
  const arms = [{ name: "blade", set: { "align.epochs": 200 } }, { name: "after" }];
  const { folder, config, out, write } = await folderWith(smallExperiment({ arms, metrics: ["ndcg@3"] }));
  await using _folder = folder;
  const { status } = await signalledInAlignment("SIGKILL", ["experiment", config, "--out", out], [write]);
  assertEquals(status.signal, "SIGKILL");
  const resumed = await blade(["experiment", "--resume", out, "--json"], [write]);
  assertEquals(resumed.code, 0, resumed.err);
  assertEquals(JSON.parse(resumed.out).notes, []);
  assertStringIncludes(resumed.err, "taking over from");
});

Deno.test("an experiment that was killed waits for its run that lives on in a process of its own, then goes on", async () => {
  const arms = [{ name: "blade", set: { "align.epochs": 400 } }];
  const { folder, config, out, write } = await folderWith(smallExperiment({ arms, metrics: ["ndcg@3"] }));
  await using _folder = folder;
  const start = [write, `--allow-run=${Deno.execPath()}`];
  const { status } = await signalledInAlignment("SIGKILL", ["experiment", config, "--out", out], start);
  assertEquals(status.signal, "SIGKILL");
  await Deno.writeTextFile(`${out}/.table.csv.0a1b2c3d.part`, "half");
  const resumed = await blade(["experiment", "--resume", out, "--json"], start);
  assertEquals(resumed.code, 0, resumed.err);
  assertEquals(JSON.parse(resumed.out).notes, []);
  assertMatch(resumed.err, /^taking over from process \d+, since \S+, which ended before its end$/m);
  assertMatch(resumed.err, /waits for process \d+, since \S+, which still writes into \S+\/cells\/blade/);
  assertEquals([...Deno.readDirSync(out)].filter(({ name }) => name.endsWith(".part")), []);
});

Deno.test("a run that fails is told of at the end with exit code 2, and the table has the others", async () => {
  const diverging = { "align.learningRate": 1e30, "align.clipNorm": 1e30, "align.warmup": 0 };
  const file = smallExperiment({
    arms: [{ name: "blade" }, { name: "wild", set: diverging }],
    metrics: ["ndcg@3"],
  });
  const { folder, config, out, write } = await folderWith(file);
  await using _folder = folder;
  const { code, out: stdout, err } = await blade(["experiment", config, "--out", out, "--json"], [write]);
  assertEquals(code, 2, err);
  const { rows, failed, notes } = JSON.parse(stdout);
  assertEquals(failed.map(({ arm }: { arm: string }) => arm), ["wild"]);
  assertStringIncludes(failed[0].message, "must be a finite number");
  assertEquals(notes.length, 1);
  assertStringIncludes(notes[0], "0 of 1 runs have finished");
  assertEquals(rows.some(({ method }: { method: string }) => method === "wild"), false);
});

Deno.test("experiment --dry-run prints the number of runs, what they share and an estimate, and makes nothing", async () => {
  const { code, out } = await ran(["experiment", CLAIMS, "--dry-run", "--out", "/nowhere/at/all"]);
  assertEquals(code, 0);
  assertMatch(
    out,
    /^\d+ runs: \d+ arms × 1 data sets \(quickstart\) × 2 seeds \(1, 2\)\n {2}blade \(baseline\)\n/,
  );
  assertMatch(out, /\nShared: sft \d+ times, .*prior 2 times/);
  assertMatch(out, /\nEstimate: about \d+ (min|s)/);
  const plan = JSON.parse((await ran(["experiment", CLAIMS, "--dry-run", "--json"])).out);
  assertEquals([plan.cells, plan.baseline], [plan.arms.length * 2, "blade"]);
});

Deno.test("the claims stay under a quarter of an hour on two cores", async () => {
  const { estimateSeconds } = JSON.parse((await ran(["experiment", CLAIMS, "--dry-run", "--json"])).out);
  assert(estimateSeconds < 900, `${estimateSeconds} s`);
});

Deno.test("two runs of one thread each get more done than one of two, and the estimate knows", async () => {
  const { folder, config } = await folderWith({ ...TWO_ARMS, set: { threads: 1 } });
  await using _folder = folder;
  const estimate = async (file: string) =>
    JSON.parse((await ran(["experiment", file, "--dry-run", "--json"])).out).estimateSeconds;
  const beside = `${folder.path}/beside.jsonc`;
  await Deno.writeTextFile(beside, JSON.stringify({ ...TWO_ARMS, set: { threads: 1 }, parallel: 2 }));
  const [after, apart] = [await estimate(config), await estimate(beside)];
  assert(apart < 0.9 * after && apart > 0.7 * after, `${apart} s beside each other, ${after} s in turn`);
});

Deno.test("experiment refuses what would fail in a run before anything runs, with the arm", async () => {
  const file = smallExperiment({
    arms: [{ name: "blade" }, { name: "long", set: { "align.cutoff": 40 } }],
  });
  const { folder, config, out } = await folderWith(file);
  await using _folder = folder;
  const { code, err } = await ran(["experiment", config, "--out", out]);
  assertEquals(code, 2);
  assertStringIncludes(err, 'arm "long", data "');
  assertStringIncludes(err, "align.cutoff");
  assertEquals(await Deno.stat(out).then(() => true, () => false), false);
});

Deno.test("experiment says what it wants when it is given nothing, or no experiment to resume", async () => {
  const none = await ran(["experiment"]);
  assertEquals(none.code, 2);
  assertStringIncludes(none.err, "blade experiment: must be given an experiment file");
  await using folder = await temporaryFolder();
  const empty = await ran(["experiment", "--resume", folder.path]);
  assertEquals(empty.code, 2);
  assertStringIncludes(empty.err, "must be the folder of an experiment");
});
