/** Experiments whose runs are played: what is run when, and what is not. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { lockRunFolder } from "../../src/config/run_lock.ts";
import type { CellEnd, CellRun, CellRunner } from "../../src/experiment/cell_runner.ts";
import { execute, type ExecutionOptions } from "../../src/experiment/execute.ts";
import type { CellFacts } from "../../src/experiment/inspect.ts";
import { type Experiment, planExperiment } from "../../src/experiment/plan.ts";
import { temporaryFolder } from "../cli/_io.ts";
import { noFacts } from "./_experiments.ts";

async function planOf(arms: readonly string[], rest = ""): Promise<Experiment> {
  const list = arms.map((name) => `{ "name": "${name}" }`).join(", ");
  return await planExperiment(`{ "base": {}, "seeds": [1], "arms": [${list}] ${rest} }`, "e.jsonc");
}

/** A run that goes through the epochs with these validation rewards, until it is told to stop. */
function playing(scores: Readonly<Record<string, readonly number[]>>, log: string[] = []): CellRunner {
  return async ({ folder, config, signal }: CellRun): Promise<CellEnd> => {
    const arm = /([^/]+)-quickstart-\d+$/.exec(folder)![1]!;
    log.push(`start ${arm}`);
    const path = `${folder}/events.jsonl`;
    const before = (await Deno.readTextFile(path).catch(() => "")).split("\n").length - 1;
    for (const [at, validation] of (scores[arm] ?? []).entries()) {
      if (at < before) continue;
      if (signal.aborted) {
        log.push(`stop ${arm} at ${at}`);
        return { kind: "stopped" };
      }
      const values = { epoch: at + 1, validation };
      const event = { kind: "step", timeMs: at, stage: "align", step: at + 1, values };
      await Deno.writeTextFile(path, JSON.stringify(event) + "\n", { append: true });
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await Deno.writeTextFile(`${folder}/manifest.json`, JSON.stringify({ seed: config.seed }));
    log.push(`end ${arm}`);
    return { kind: "finished" };
  };
}

/** Waits for what another run does meanwhile. */
async function until(happened: () => boolean): Promise<void> {
  for (let look = 0; !happened(); look++) {
    assert(look < 1000, "it did not happen within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function hasEvents(folder: string): boolean {
  try {
    return Deno.statSync(`${folder}/events.jsonl`).size > 0;
  } catch {
    return false;
  }
}

function options(plan: Experiment, folder: string, change: Partial<ExecutionOptions>): ExecutionOptions {
  return {
    folder,
    facts: noFacts(plan),
    runner: () => Promise.reject(new Error("nothing was to run")),
    parallel: 1,
    signal: new AbortController().signal,
    say() {},
    lookEveryMs: 10,
    ...change,
  };
}

Deno.test("cells that have finished are kept, and a finished experiment runs nothing", async () => {
  await using folder = await temporaryFolder();
  const plan = await planOf(["a", "b"]);
  const log: string[] = [];
  assertEquals(await execute(plan, options(plan, folder.path, { runner: playing({}, log) })), {
    stopped: false,
    failed: [],
    dropped: [],
  });
  assertEquals(log, ["start a", "end a", "start b", "end b"]);
  assertEquals((await execute(plan, options(plan, folder.path, {}))).stopped, false);
});

Deno.test("a stopped experiment starts nothing more, and goes on with the cell that was interrupted", async () => {
  await using folder = await temporaryFolder();
  const plan = await planOf(["a", "b", "c"]);
  const log: string[] = [];
  const stop = new AbortController();
  const runner = playing({ b: [0.1, 0.2, 0.3] }, log);
  const stopping: CellRunner = (run) => {
    if (run.folder.includes("/b-")) void until(() => hasEvents(run.folder)).then(() => stop.abort());
    return runner(run);
  };
  const { stopped } = await execute(
    plan,
    options(plan, folder.path, { runner: stopping, signal: stop.signal }),
  );
  assertEquals([stopped, log.slice(0, 3), log.length], [true, ["start a", "end a", "start b"], 4]);
  assertMatch(log[3]!, /^stop b at [12]$/);
  await execute(plan, options(plan, folder.path, { runner }));
  assertEquals(log.slice(4), ["start b", "end b", "start c", "end c"]);
});

Deno.test("as many cells run at once as allowed", async () => {
  await using folder = await temporaryFolder();
  const plan = await planOf(["a", "b", "c", "d", "e"]);
  let [now, most] = [0, 0];
  const runner: CellRunner = async ({ folder }) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 30));
    now--;
    await Deno.writeTextFile(`${folder}/manifest.json`, "{}");
    return { kind: "finished" };
  };
  await execute(plan, options(plan, folder.path, { runner, parallel: 3 }));
  assertEquals([now, most], [0, 3]);
});

Deno.test("cells that share a stage wait for the first to finish it, no longer, and are given it with its events", async () => {
  await using folder = await temporaryFolder();
  const plan = await planOf(["a", "b", "c"]);
  const [a, b, c] = plan.cells;
  const shared: CellFacts = { stages: [{ stage: "sft", key: "k" }], estimate: {} };
  const facts = new Map([[a!, shared], [b!, shared], [c!, { stages: [], estimate: {} }]]);
  const log: string[] = [];
  const runner: CellRunner = async ({ folder }) => {
    const arm = folder.split("/").at(-1)![0]!;
    const path = `${folder}/checkpoints/sft.safetensors`;
    log.push(`start ${arm}`);
    if (arm === "a") {
      await until(() => log.includes("end c"));
      await Deno.writeTextFile(
        `${folder}/events.jsonl`,
        '{"kind":"note","timeMs":0,"level":"info","message":"mine"}\n{"kind":"stage","timeMs":1,"stage":"sft","steps":2}\n{"kind":"stage","timeMs":2,"stage":"prior","steps":1}\n',
      );
      await Deno.mkdir(`${folder}/checkpoints`);
      await Deno.writeTextFile(path, "weights");
      log.push("sft a");
      await until(() => log.includes("end b"));
    }
    if (arm === "b") {
      assertEquals(await Deno.readTextFile(path), "weights");
      assertEquals(
        await Deno.readTextFile(`${folder}/events.jsonl`),
        '{"kind":"stage","timeMs":1,"stage":"sft","steps":2}\n',
      );
    }
    await Deno.writeTextFile(`${folder}/manifest.json`, "{}");
    log.push(`end ${arm}`);
    return { kind: "finished" };
  };
  await execute(plan, options(plan, folder.path, { runner, facts, parallel: 2 }));
  assertEquals(log.filter((line) => !line.endsWith(" c")), ["start a", "sft a", "start b", "end b", "end a"]);
});

Deno.test("a cell that fails is told of, and the others are run; those that wait for it do the work themselves", async () => {
  await using folder = await temporaryFolder();
  const plan = await planOf(["a", "b"]);
  const shared: CellFacts = { stages: [{ stage: "sft", key: "k" }], estimate: {} };
  const facts = new Map(plan.cells.map((cell) => [cell, shared]));
  const good = playing({});
  const runner: CellRunner = (run) =>
    run.folder.includes("/a-") ? Promise.resolve({ kind: "failed", message: "no number" }) : good(run);
  let said = "";
  const say = (line: string) => said += `${line}\n`;
  const { failed, stopped } = await execute(
    plan,
    options(plan, folder.path, { runner, facts, parallel: 2, say }),
  );
  assertEquals([stopped, failed.map(({ cell, message }) => [cell.arm, message])], [false, [[
    "a",
    "no number",
  ]]]);
  assertStringIncludes(said, "failed: no number");
  assert((await Deno.stat(`${folder.path}/cells/b-quickstart-1/manifest.json`)).isFile);
});

Deno.test("halving stops every arm at the rung, drops the worse, and trains the others to the end", async () => {
  await using folder = await temporaryFolder();
  const plan = await planOf(["base", "good", "bad", "worse"], ', "halving": { "rungs": [2] }');
  const log: string[] = [];
  const flat = (score: number) => new Array<number>(8).fill(score);
  const runner = playing({ base: flat(0.2), good: flat(0.3), bad: flat(0.1), worse: flat(0) }, log);
  const { dropped } = await execute(plan, options(plan, folder.path, { runner }));
  assertEquals(dropped, [
    { arm: "worse", score: 0, violation: 0, data: "quickstart", epoch: 2 },
    { arm: "bad", score: 0.1, violation: 0, data: "quickstart", epoch: 2 },
  ]);
  const ends = log.filter((line) => line.startsWith("end"));
  assertEquals(ends, ["end base", "end good"]);
  // The same decisions once more, from what the folders hold.
  const again = await execute(plan, options(plan, folder.path, {}));
  assertEquals(again.dropped, dropped);
});

Deno.test("a cell that another process still writes into is begun when that one has ended, or never where it is stopped", async () => {
  await using folder = await temporaryFolder();
  const plan = await planOf(["a"]);
  const cell = `${folder.path}/${plan.cells[0]!.folder}`;
  await Deno.mkdir(cell, { recursive: true });
  const log: string[] = [];
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const runner = playing({}, log);
  {
    using _other = lockRunFolder(cell);
    const stop = new AbortController();
    const stopped = execute(plan, options(plan, folder.path, { runner, say, signal: stop.signal }));
    await until(() => said.length > 0);
    stop.abort();
    assertEquals((await stopped).stopped, true);
  }
  assertEquals(log, []);
  const other = lockRunFolder(cell);
  said.length = 0;
  const going = execute(plan, options(plan, folder.path, { runner, say }));
  await until(() => said.length > 0);
  assertMatch(
    said[0]!,
    new RegExp(`waits for process ${Deno.pid}, since \\S+, which still writes into ${cell}`),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(log, []);
  other[Symbol.dispose]();
  assertEquals((await going).stopped, false);
  assertEquals(log, ["start a", "end a"]);
});
