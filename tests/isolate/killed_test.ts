import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PluginFault } from "../../src/reward/fault.ts";
import { judgeOf } from "../../src/reward/judge.ts";
import type { MetricBatch } from "../../src/reward/metric.ts";
import { createRegistry } from "../../src/reward/registry.ts";
import { childrenWith, strangerFile, strangerText } from "./_strangers.ts";

/** Tells the processes of this file from those of others. */
const MEMORY_MIB = 197;

const LIMITS = { deadlineMs: 8000, memoryMiB: MEMORY_MIB };

/** Five slates for one context; the third begins with item 7. */
const BATCH: MetricBatch = {
  items: Int32Array.of(3, 4, 7, 5, 6),
  contextRow: new Int32Array(5),
  contexts: [{ contextId: 7, user: 57, history: [], seen: new Set<number>() }],
  cutoff: 1,
};
const SIGNALS = { catalogSize: 100 } as never;

/** Ends the processes of this file's plugins from outside, as an operator or a system short of memory does. */
async function killChildren(): Promise<number> {
  const children = await childrenWith(MEMORY_MIB);
  for (const pid of children) Deno.kill(pid, "SIGKILL");
  return children.length;
}

Deno.test("a plugin whose process is killed from outside is asked once more, gives the same, and is counted", async () => {
  // Item 7 takes a while, so that the process can be killed at work.
  await using stranger = await strangerFile(
    strangerText("const end = Date.now() + 700; while (Date.now() < end); return 0.07;"),
  );
  await using registry = await createRegistry([stranger.path], LIMITS);
  const judge = judgeOf(await registry.load("stranger@1"));
  const whole = await judge.scoreList(BATCH, SIGNALS);
  assertEquals(registry.losses(), []);
  assertEquals(await killChildren(), 1); // between two questions
  assertEquals(await judge.scoreList(BATCH, SIGNALS), whole);
  const [first] = registry.losses();
  assertStringIncludes(first!, `${stranger.path}: its process was ended from outside once and started anew`);
  const asked = judge.scoreList(BATCH, SIGNALS);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(await killChildren(), 1); // at work
  assertEquals(await asked, whole);
  // On a busy machine it may have answered before it was killed: then the next question finds it gone.
  assertEquals(await judge.scoreList(BATCH, SIGNALS), whole);
  assertStringIncludes(registry.losses()[0]!, "ended from outside 2 times");
});

Deno.test("a plugin whose process is killed again and again stops in words that blame no slate", async () => {
  await using stranger = await strangerFile(
    strangerText("const end = Date.now() + 3000; while (Date.now() < end); return 0.07;"),
  );
  await using registry = await createRegistry([stranger.path], LIMITS);
  const judge = judgeOf(await registry.load("stranger@1"));
  const asked = assertRejects(() => judge.scoreList(BATCH, SIGNALS), PluginFault);
  let ended = false;
  const error = asked.finally(() => ended = true);
  while (!ended) {
    await killChildren();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { message } = await error;
  for (const part of ["metric stranger@1: a batch of 5 slates", "SIGKILL", "who ends processes"]) {
    assertStringIncludes(message, part);
  }
});
