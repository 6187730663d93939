/** Runs of an experiment have to end where `train` ends with the same configuration, to the last bit. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { modelOf } from "../../src/config/assemble.ts";
import { openDeviceOf } from "../../src/config/device.ts";
import { prepareMaterials } from "../../src/config/materials.ts";
import type { BladeConfig } from "../../src/config/schema.ts";
import {
  compositionOf,
  continuedStage,
  priorStage,
  referenceStage,
  type Stage,
} from "../../src/config/stages.ts";
import { startsContinued } from "../../src/config/starts_continued.ts";
import { trainRun } from "../../src/config/train_run.ts";
import { disposeTree } from "../../src/optimizer/parameter_tree.ts";
import { runHere } from "../../src/experiment/cell_runner.ts";
import { execute } from "../../src/experiment/execute.ts";
import { inspectCells } from "../../src/experiment/inspect.ts";
import { courseOf } from "../../src/experiment/run_facts.ts";
import { SHARED_STAGES, sharedStagesOf, stageInputs, stageKey } from "../../src/experiment/stage_keys.ts";
import { experimentTable } from "../../src/experiment/table.ts";
import { readEvents } from "../../src/report/event_log.ts";
import { createKeeper } from "../../src/train/keeper.ts";
import { checkpointsOf, configIn, dataFolder, run } from "../train/small_runs.ts";
import { planIn, smallExperiment } from "./_experiments.ts";

const SILENT = { stage() {}, step() {}, note() {}, close() {} };

/** Everything that an experiment may not change in a run: its weights and its results. */
async function outcomeOf(folder: string): Promise<unknown> {
  const { results } = JSON.parse(await Deno.readTextFile(`${folder}/manifest.json`));
  return [
    await checkpointsOf({ folder }),
    await Deno.readTextFile(`${folder}/lists.csv`),
    await Deno.readTextFile(`${folder}/per-user.csv`),
    results,
  ];
}

/** Steps of a run without the time that they took. */
async function stepsOf(folder: string): Promise<unknown[]> {
  const events = await readEvents(`${folder}/events.jsonl`);
  return events.filter(({ kind }) => kind !== "note").map((event) => ({ ...event, timeMs: 0, times: {} }));
}

Deno.test({
  name:
    "a run that took over shared stages equals `train` with its configuration to the bit, events included",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    await using data = await dataFolder();
    const plan = await planIn(data.path, smallExperiment({ seeds: [1, 2] }));
    const facts = await inspectCells(plan);
    const said: string[] = [];
    const folder = `${data.path}/experiment`;
    const stop = new AbortController();
    const options = {
      folder,
      facts,
      runner: runHere(trainRun, () => SILENT),
      parallel: 1,
      signal: stop.signal,
      say: (line: string) => said.push(line),
    };
    await execute(plan, options);

    await t.step("each stage is computed once per seed where runs share it", () => {
      const shared = said.filter((line) => line.includes("(shared: sft, prior, sft-continued)"));
      assertEquals(
        shared.map((line) => line.split(": cells/")[1]!.split(" ")[0]),
        [
          "backward-quickstart-1",
          "backward-quickstart-2",
        ].map((name) => name.replace("quickstart", plan.data[0]!)),
      );
    });

    for (const cell of plan.cells) {
      await t.step(`${cell.arm}, seed ${cell.seed}`, async () => {
        const alone = await run(cell.config, `${data.path}/alone-${cell.arm}-${cell.seed}`);
        assertEquals(await outcomeOf(`${folder}/${cell.folder}`), await outcomeOf(alone.folder));
        assertEquals(await stepsOf(`${folder}/${cell.folder}`), await stepsOf(alone.folder));
      });
    }

    await t.step("the table tells of every method what its runs tell", async () => {
      const { rows, notes } = await experimentTable(folder, plan);
      assertEquals(notes, []);
      const methods = [...plan.arms, "reference", "sft-continued", "best-of-n"];
      assertEquals(rows.filter(({ metric }) => metric === "ndcg@3").map(({ method }) => method), [
        "blade",
        "backward",
        "sft",
        "reference",
        "sft-continued",
        "best-of-n",
      ]);
      assertEquals(rows.length, methods.length * 3); // ndcg@3, coverage@3 and reward
      for (const { metric, method, mean, difference, seeds } of rows) {
        assertEquals(seeds, [1, 2]);
        const level = rows.find((row) => row.method === "blade" && row.metric === metric)!.mean!;
        if (method === "blade") assertEquals(difference, undefined);
        else assert(Math.abs(difference!.mean - (mean! - level)) < 1e-12, `${method} ${metric}`);
        if (metric === "coverage@3" && method !== "blade") assertEquals(difference!.p, null);
      }
      const results = await Promise.all(
        plan.cells.filter(({ arm }) => arm === "backward").map(async (cell) =>
          JSON.parse(await Deno.readTextFile(`${folder}/${cell.folder}/manifest.json`)).results
        ),
      );
      const means = results.map((list: { system: string; metric: string; mean: number }[]) =>
        list.find(({ system, metric }) => system === "aligned" && metric === "ndcg@3")!.mean
      );
      const row = rows.find(({ method, metric }) => method === "backward" && metric === "ndcg@3")!;
      assert(Math.abs(row.mean! - (means[0]! + means[1]!) / 2) < 1e-12);
      const events = await readEvents(`${folder}/${plan.cells[1]!.folder}/events.jsonl`);
      assertNotEquals(courseOf(events).bestOfN, null);
      // 40 contexts: four slates each for the prior, two in the one epoch.
      assertEquals([row.rollouts, row.parametersUpdated > 0, row.trainReward! > 0], [
        40 * 4 + 40 * 2,
        true,
        true,
      ]);
      const none = rows.find(({ method }) => method === "sft")!;
      assertEquals([none.trainReward, none.signalLast, none.rollouts], [null, null, null]);
    });
  },
});

Deno.test({
  name: "an experiment that was stopped in a run ends where it would have",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using data = await dataFolder();
    const plan = await planIn(data.path, smallExperiment({ arms: [{ name: "blade" }, { name: "again" }] }));
    const facts = await inspectCells(plan);
    const folder = `${data.path}/experiment`;
    const stop = new AbortController();
    const stopping = runHere(trainRun, () => ({
      ...SILENT,
      step: ({ stage, step }) => {
        if (stage === "align" && step === 2) stop.abort();
      },
    }));
    const options = { folder, facts, parallel: 1, say() {} };
    const first = await execute(plan, { ...options, runner: stopping, signal: stop.signal });
    assertEquals(first.stopped, true);
    const going = runHere(trainRun, () => SILENT);
    const second = await execute(plan, { ...options, runner: going, signal: new AbortController().signal });
    assertEquals(second.stopped, false);
    const alone = await run(plan.cells[0]!.config, `${data.path}/alone`);
    for (const cell of plan.cells) {
      assertEquals(await outcomeOf(`${folder}/${cell.folder}`), await outcomeOf(alone.folder));
    }
  },
});

/** The configuration, and every path of it that is read from now on. */
function watched(config: BladeConfig): { config: BladeConfig; read: Set<string> } {
  const read = new Set<string>();
  const watch = (node: object, path: string): unknown =>
    new Proxy(node, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof key !== "string" || !Object.hasOwn(target, key)) return value;
        const at = path === "" ? key : `${path}.${key}`;
        if (typeof value !== "object" || value === null || Array.isArray(value)) read.add(at);
        return typeof value === "object" && value !== null && !Array.isArray(value)
          ? watch(value, at)
          : value;
      },
    });
  return { config: watch(config, "") as BladeConfig, read };
}

Deno.test({
  name: "a shared stage reads nothing of the configuration that its key leaves out",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using data = await dataFolder();
    for (
      const change of [
        [],
        ["reward.combine=quantile", "model.slate=autoregressive", "sft.loss=sampled"],
        ["align.start=sft-continued", "reward.combine=quantile"],
      ]
    ) {
      const config = configIn(data.path, change);
      const folder = await Deno.makeTempDir({ dir: data.path });
      await openDeviceOf(config);
      const materials = await prepareMaterials(config);
      await using _plugins = materials.registry;
      const model = await modelOf(config, materials.plan);
      const keeper = createKeeper({
        runFolder: folder,
        signal: new AbortController().signal,
        everySteps: 1000,
        keep: 1,
      });
      const stageOf = () => {
        const { config: seen, read } = watched(config);
        const stage: Stage = { config: seen, materials, model, observer: SILENT, keeper, runFolder: folder };
        return { stage, read };
      };
      const covered = (name: typeof SHARED_STAGES[number], read: ReadonlySet<string>) => {
        assert(read.size > 3, `${name} read ${read.size} paths`);
        const within = (path: string) =>
          stageInputs(name, config).some((input) => path === input || path.startsWith(`${input}.`));
        assertEquals([...read].filter((path) => !within(path)), [], `${name} reads more than its key holds`);
      };
      const sft = stageOf();
      const reference = await referenceStage(sft.stage);
      covered("sft", sft.read);
      const control = stageOf();
      const labelled = startsContinued(config) ? await continuedStage(control.stage, reference, null) : null;
      const priors = stageOf();
      const prior = await priorStage(priors.stage, labelled ?? reference);
      covered("prior", priors.read);
      const continued = labelled ??
        await continuedStage(control.stage, reference, compositionOf(control.stage, prior));
      covered("sft-continued", control.read);
      disposeTree(reference);
      disposeTree(continued);
    }
  },
});

Deno.test("a key changes with data, plugins, version and what the stage reads, and with nothing else", async () => {
  await using data = await dataFolder();
  const facts = {
    data: [{ path: "a/ratings.csv", bytes: 3, sha256: "aa" }],
    plugins: [{ spec: "mine.ts", sha256: "bb" }],
    version: "1",
  };
  const config = configIn(data.path);
  const key = (set: string[], change: Partial<typeof facts> = {}) =>
    SHARED_STAGES.map((stage) => stageKey(stage, configIn(data.path, set), { ...facts, ...change }));
  const [sft, prior, continued] = key([]);
  assertEquals(stageKey("sft", config, facts), sft);
  assertEquals(key(["align.objective=backward", "target.kind=static", "align.anchor=ema"]), [
    sft,
    prior,
    continued,
  ]);
  assertEquals(key(["data.licence=free"], { data: [{ ...facts.data[0]!, path: "b/ratings.csv" }] }), [
    sft,
    prior,
    continued,
  ]);
  const changed = (keys: string[]) => [keys[0] !== sft, keys[1] !== prior, keys[2] !== continued];
  assertEquals(changed(key(["seed=2"])), [true, true, true]);
  assertEquals(changed(key(["sft.epochs=2"])), [true, true, true]);
  assertEquals(changed(key(["align.contexts=seen"])), [true, true, true]);
  assertEquals(changed(key(["target.priorSlates=5"])), [false, true, true]);
  assertEquals(changed(key(["align.epochs=2"])), [false, false, true]);
  // Where alignment starts from the control, the prior is made of it and no longer the other way round.
  const after = "align.start=sft-continued";
  const [, priorAfter, continuedAfter] = key([after]);
  const changedAfter = (keys: string[]) => [keys[1] !== priorAfter, keys[2] !== continuedAfter];
  assertEquals(changed(key([after])), [false, true, true]);
  assertEquals(changedAfter(key([after, "align.epochs=2"])), [true, true]);
  assertEquals(changedAfter(key([after, "target.priorSlates=5"])), [true, false]);
  assertEquals(sharedStagesOf(configIn(data.path, [after])), ["sft", "sft-continued", "prior"]);
  for (
    const change of [
      { data: [{ ...facts.data[0]!, sha256: "ab" }] },
      { version: "2" },
    ]
  ) assertEquals(changed(key([], change)), [true, true, true]);
  // Supervised training asks no plugin, unless one of the configuration may stand for nDCG.
  const other = { plugins: [{ spec: "mine.ts", sha256: "bc" }] };
  assertEquals(changed(key([], other)), [false, true, true]);
  const own = ['plugins=["mine.ts"]'];
  assertNotEquals(key(own, other)[0], key(own)[0]);
});

Deno.test({
  name: "a run that halving stopped at a rung and went on with equals one that was never stopped",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using data = await dataFolder();
    const plan = await planIn(
      data.path,
      smallExperiment({
        arms: [
          { name: "blade", set: { "align.epochs": 30 } },
          { name: "still", set: { "align.epochs": 30, "align.learningRate": 1e-9 } },
          { name: "backward", set: { "align.epochs": 30, "align.objective": "backward" } },
        ],
        halving: { rungs: [2], keep: 0.6 },
      }),
    );
    const folder = `${data.path}/experiment`;
    const { dropped, stopped } = await execute(plan, {
      folder,
      facts: await inspectCells(plan),
      runner: runHere(trainRun, () => SILENT),
      parallel: 1,
      signal: new AbortController().signal,
      say() {},
      lookEveryMs: 1,
    });
    assertEquals([stopped, dropped.length], [false, 1]);
    const left = plan.cells.find(({ arm }) => arm === dropped[0]!.arm)!;
    const kept = plan.cells.find(({ arm }) => arm === "blade")!;
    assertEquals(
      await Deno.stat(`${folder}/${left.folder}/manifest.json`).then(() => true, () => false),
      false,
    );
    const alone = await run(kept.config, `${data.path}/alone`);
    assertEquals(await outcomeOf(`${folder}/${kept.folder}`), await outcomeOf(alone.folder));
    assertEquals(await stepsOf(`${folder}/${kept.folder}`).then((events) => events.length > 30), true);
  },
});
