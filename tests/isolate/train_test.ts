import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { checkpointsOf, configIn, dataFolder, run } from "../train/small_runs.ts";
import { childrenWith, strangerFile, strangerText } from "./_strangers.ts";

/** Tells the processes of this file from those of others. */
const MEMORY_MIB = 196;
const MEMORY = `reward.memoryMiB=${MEMORY_MIB}`;

/** The built-in plugins as files, so that they are isolated like a stranger's: of one slate, of many, by context. */
const REWARD =
  `reward.terms=[{"metric":"./plugins/ndcg.ts@3","weight":0.5},{"metric":"./plugins/mgu.ts@3","weight":0.3},` +
  `{"metric":"./plugins/calibration.ts@3?per=context","weight":0.2}]`;

Deno.test("training with isolated plugins gives the checkpoints of training with them in this process", async () => {
  await using data = await dataFolder();
  const runs = [];
  for (const isolate of ["never", "always"]) {
    const config = configIn(data.path, [REWARD, `reward.isolate=${isolate}`, MEMORY]);
    runs.push(await run(config, `${data.path}/${isolate}`));
  }
  const [here, there] = runs;
  assert(here?.outcome && there?.outcome);
  assertEquals(there.outcome.results, here.outcome.results);
  const checkpoints = await checkpointsOf(here);
  assert(checkpoints.size > 2);
  assertEquals(await checkpointsOf(there), checkpoints);
  assertEquals(await childrenWith(MEMORY_MIB), []);
});

const STRANGER = 'reward.terms=[{"metric":"stranger@3","weight":1}]';

Deno.test("a stranger's plugin that loops stops training with the state saved, and training goes on once it is mended", async () => {
  await using data = await dataFolder();
  await using stranger = await strangerFile(strangerText("for (;;);"));
  const config = configIn(data.path, [
    STRANGER,
    MEMORY,
    `plugins=${JSON.stringify([stranger.path])}`,
    "reward.deadlineMs=300",
  ]);
  const folder = `${data.path}/run`;
  const { message } = await assertRejects(() => run(config, folder), BladeError);
  assertStringIncludes(message, "must answer in time");
  assertStringIncludes(message, "slate [7, ");
  assertEquals(await childrenWith(MEMORY_MIB), []);
  const kept = JSON.parse(JSON.stringify([...(await checkpointsOf({ folder })).keys()]));
  assert(kept.some((name: string) => name.startsWith("sft")), `kept ${kept}`);
  await Deno.writeTextFile(stranger.path, strangerText("return 1;"));
  const { outcome, steps } = await run(config, folder);
  assert(outcome !== null);
  assert(!steps.some(({ stage }) => stage === "sft"), "supervised training was repeated");
  assertEquals(await childrenWith(MEMORY_MIB), []);
});

Deno.test("with onError undefined training goes on, and warns of the slates that were lost", async () => {
  await using data = await dataFolder();
  await using stranger = await strangerFile(strangerText('throw new Error("no such shelf");'));
  const config = configIn(data.path, [
    STRANGER,
    MEMORY,
    `plugins=${JSON.stringify([stranger.path])}`,
    "reward.onError=undefined",
    "reward.onErrorLimit=5000",
  ]);
  const { outcome, warnings } = await run(config, `${data.path}/run`);
  assert(outcome !== null);
  const [warning] = warnings.filter((text) => text.startsWith("metric stranger@3: "));
  assert(
    /: \d+ slates? without a value, because the plugin failed: must not throw/.test(warning ?? ""),
    warning,
  );
  assertEquals(await childrenWith(MEMORY_MIB), []);
});

Deno.test("training goes on when the process of its plugin is killed from outside, to the same values, and warns of it", async () => {
  await using data = await dataFolder();
  // A little slow, so that the process can be killed while it is asked.
  await using stranger = await strangerFile(
    strangerText("").replace(
      "return slate",
      "const end = Date.now() + 1; while (Date.now() < end);\n    return slate",
    ),
  );
  const config = configIn(data.path, [STRANGER, MEMORY, `plugins=${JSON.stringify([stranger.path])}`]);
  const undisturbed = await run(config, `${data.path}/undisturbed`);
  const disturbed = run(config, `${data.path}/disturbed`);
  let ended = false;
  disturbed.finally(() => ended = true);
  const stages = () => Deno.readTextFile(`${data.path}/disturbed/events.jsonl`).catch(() => "");
  while (!ended && !(await stages()).includes('"stage":"align"')) await wait(20);
  const children = await childrenWith(MEMORY_MIB);
  assertEquals(children.length, 1);
  Deno.kill(children[0]!, "SIGKILL");
  const { outcome, warnings } = await disturbed;
  assert(outcome !== null && undisturbed.outcome !== null);
  assertEquals(outcome.results, undisturbed.outcome.results);
  assertEquals(
    warnings.filter((text) => text.includes("ended from outside")),
    [`plugin ${stranger.path}: its process was ended from outside once and started anew; no value was lost`],
  );
  assertEquals(await childrenWith(MEMORY_MIB), []);
});

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
