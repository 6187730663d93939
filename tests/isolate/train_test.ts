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
