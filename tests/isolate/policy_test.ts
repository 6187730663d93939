import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BladeError } from "../../src/core/errors.ts";
import { judgeOf } from "../../src/reward/judge.ts";
import { createPopulationState } from "../../src/reward/marginal.ts";
import { createRegistry } from "../../src/reward/registry.ts";
import { blade } from "../ci/command_line.ts";
import { busyness, childrenWith, isAlive, strangeCrowd, strangerFile, strangerText } from "./_strangers.ts";

/** Tells the processes of this file from those of others. */
const MEMORY_MIB = 193;
const LIMITS = { deadlineMs: 400, memoryMiB: MEMORY_MIB };
const SIGNALS = { catalogSize: 100 } as never;

/** Slates of one item each, for contexts of their own. */
function batchOf(items: readonly number[]) {
  return {
    items: Int32Array.from(items),
    contextRow: Int32Array.from(items, (_, row) => row),
    contexts: items.map((_, contextId) => ({
      contextId,
      user: contextId,
      history: [],
      seen: new Set<number>(),
    })),
    cutoff: 1,
  };
}

Deno.test("a plugin of the working folder runs here, one from elsewhere does not, and --isolate decides", async () => {
  await using stranger = await strangerFile(strangerText(""));
  const isIsolated = async (spec: string, isolate: "always" | "remote" | "never") => {
    await using registry = await createRegistry([], { ...LIMITS, isolate });
    return (await registry.load(spec)).judge !== undefined;
  };
  assertEquals(await isIsolated("./plugins/recall.ts", "remote"), false);
  assertEquals(await isIsolated("./plugins/recall.ts", "always"), true);
  assertEquals(await isIsolated(stranger.path, "remote"), true);
  assertEquals(await isIsolated(stranger.path, "never"), false);
  assertEquals(await isIsolated("recall", "always"), false);
});

Deno.test("a link in the working folder does not make a stranger one's own", async () => {
  await using stranger = await strangerFile(strangerText(""));
  await Deno.mkdir("runs", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "runs" });
  try {
    await Deno.symlink(stranger.path, `${folder}/mine.ts`);
    await using registry = await createRegistry([`${folder}/mine.ts`], LIMITS);
    assert((await registry.load("stranger")).judge !== undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an isolated metric cannot be called in this process", async () => {
  await using stranger = await strangerFile(strangerText(""));
  await using registry = await createRegistry([stranger.path], LIMITS);
  const { metric } = await registry.load("stranger");
  const call = () =>
    Promise.resolve().then(() => metric.kind === "list" && metric.score!([1], {} as never, SIGNALS));
  await assertRejects(call, BladeError, "only be asked through its judge");
});

for (const isolate of ["always", "never"] as const) {
  for (const [what, body] of [["throws", 'throw new Error("no");'], ["gives NaN", "return NaN;"]] as const) {
    Deno.test(`with onError undefined a plugin that ${what} costs its slates alone (isolate ${isolate})`, async () => {
      await using stranger = await strangerFile(strangerText(body));
      await using registry = await createRegistry([stranger.path], {
        ...LIMITS,
        isolate,
        onError: "undefined",
        onErrorLimit: 2,
      });
      const { scoreList } = judgeOf(await registry.load("stranger"));
      const { values, reasons } = await scoreList(batchOf([3, 7, 4, 7, 5]), SIGNALS);
      assertEquals(values, Float64Array.of(0.03, NaN, 0.04, NaN, 0.05));
      assertEquals([...reasons.keys()], [1, 3]);
      assertStringIncludes(reasons.get(1)!, "the plugin failed: must");
      assertEquals(registry.losses().length, 1);
      assertStringIncludes(registry.losses()[0]!, "metric stranger: 2 slates without a value");
      await assertRejects(() => scoreList(batchOf([7]), SIGNALS), BladeError, "onErrorLimit (2)");
    });
  }
  Deno.test(`with onError undefined a metric of many slates loses the slate that it fails on (isolate ${isolate})`, async () => {
    await using stranger = await strangerFile(strangeCrowd('throw new Error("no");'));
    const policy = { ...LIMITS, isolate, onError: "undefined", onErrorLimit: 20 } as const;
    await using registry = await createRegistry([stranger.path], policy);
    const metric = await registry.load("stranger");
    const state = createPopulationState([{ metric, weight: 1 }], SIGNALS, { discount: 0.9 });
    const { values } = await judgeOf(metric).marginalRewards(batchOf([3, 7, 4, 5]), SIGNALS, state);
    assertEquals([...values].map(Number.isNaN), [false, true, false, false]);
    const value = await judgeOf(metric).populationValue(batchOf([3, 7]), SIGNALS);
    assert(typeof value === "object" && value.notDefined.startsWith("the plugin failed"));
  });
}

Deno.test("with onError undefined a plugin that loops costs its slate and a deadline, no more", async () => {
  await using stranger = await strangerFile(strangerText("for (;;);"));
  await using registry = await createRegistry([stranger.path], { ...LIMITS, onError: "undefined" });
  const { scoreList } = judgeOf(await registry.load("stranger"));
  const start = performance.now();
  const { values } = await scoreList(batchOf([3, 7, 4]), SIGNALS);
  const waited = performance.now() - start;
  const busy = waited < LIMITS.deadlineMs + 1000 ? 1 : await busyness();
  assert(waited < LIMITS.deadlineMs + 2000 * busy, `waited ${waited} ms on a machine ${busy} times as busy`);
  assertEquals(values, Float64Array.of(0.03, NaN, 0.04));
});

Deno.test("with onError stop one slate stops it", async () => {
  await using stranger = await strangerFile(strangerText("return NaN;"));
  await using registry = await createRegistry([stranger.path], { isolate: "never" });
  await assertRejects(async () =>
    await judgeOf(await registry.load("stranger")).scoreList(batchOf([7]), SIGNALS)
  );
});

Deno.test("without the permission to start deno a stranger's plugin is refused with the flag", async () => {
  await using stranger = await strangerFile(strangerText(""));
  const refused = await blade(["metrics", "list", "--plugin", stranger.path]);
  assertEquals([refused.code, refused.out], [2, ""]);
  for (const part of [stranger.path, "--allow-run=", Deno.execPath(), "--isolate never", "\n  To mend: "]) {
    assertStringIncludes(refused.err, part);
  }
  const listed = await blade(["metrics", "list", "--plugin", stranger.path], [
    `--allow-run=${Deno.execPath()}`,
  ]);
  assertStringIncludes(listed.out, "A stranger's.");
  const trusted = await blade(["metrics", "list", "--plugin", stranger.path, "--isolate", "never"]);
  assertStringIncludes(trusted.out, "A stranger's.");
  const wrong = await blade(["metrics", "list", "--isolate", "sometimes"]);
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.err, "always, remote, never");
});

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test(`no process is left when the program is ended by ${signal} while a plugin loops`, async () => {
    await using stranger = await strangerFile(strangerText("for (;;);"));
    const script = `
import { judgeOf } from ${JSON.stringify(import.meta.resolve("../../src/reward/judge.ts"))};
import { createRegistry } from ${JSON.stringify(import.meta.resolve("../../src/reward/registry.ts"))};
const registry = await createRegistry([${
      JSON.stringify(stranger.path)
    }], { deadlineMs: 60_000, memoryMiB: ${MEMORY_MIB} });
const context = { contextId: 0, user: 0, history: [], seen: new Set() };
const batch = { items: Int32Array.of(7), contextRow: Int32Array.of(0), contexts: [context], cutoff: 1 };
console.log("asking");
await judgeOf(await registry.load("stranger")).scoreList(batch, { catalogSize: 100 });
`;
    const path = `${stranger.folder}/program.ts`;
    await Deno.writeTextFile(path, script);
    const program = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", "--allow-run", "--no-check", "--quiet", "--config", "deno.json", path],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = program.stdout.getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const children = await childrenWith(MEMORY_MIB, program.pid);
    assertEquals(children.length, 1);
    program.kill(signal);
    await program.status;
    await reader.cancel();
    const start = performance.now();
    while (await isAlive(children[0]!) && performance.now() - start < 5000) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(await isAlive(children[0]!), false);
  });
}
