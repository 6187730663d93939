import { assert, assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { toFileUrl } from "@std/path";
import { BladeError } from "../../src/core/errors.ts";
import { PLUGIN_POLICY } from "../../src/core/isolation.ts";
import { importFailure } from "../../src/reward/import_failure.ts";
import { type Judge, judgeOf } from "../../src/reward/judge.ts";
import { loadPlugin } from "../../src/reward/load_plugin.ts";
import { pluginHash } from "../../src/reward/plugin_hash.ts";
import { createRegistry, loadMetric } from "../../src/reward/registry.ts";
import { strangerFile, strangerText } from "../isolate/_strangers.ts";

/** Patient: what counts here is where a plugin runs, not how fast. */
const POLICY = { ...PLUGIN_POLICY, deadlineMs: 60_000, memoryMiB: 201 };

Deno.test("the policy decides which plugin gets a process of its own", async () => {
  await using stranger = await strangerFile(strangerText(""));
  const runsHere = async (specifier: string, isolate: "always" | "remote" | "never") => {
    const plugin = await loadPlugin(specifier, { ...POLICY, isolate });
    await plugin.close();
    return plugin.factory !== undefined;
  };
  assertEquals(await runsHere("./plugins/recall.ts", "remote"), true);
  assertEquals(await runsHere(import.meta.resolve("../../plugins/recall.ts"), "never"), true);
  assertEquals(await runsHere("./plugins/recall.ts", "always"), false);
  assertEquals(await runsHere(stranger.path, "remote"), false);
  assertEquals(await runsHere(toFileUrl(stranger.path).href, "remote"), false);
  assertEquals(await runsHere(stranger.path, "never"), true);
});

Deno.test("a plugin tells the hash of its file wherever it runs", async () => {
  const sha256 = await pluginHash(new URL("../../plugins/recall.ts", import.meta.url));
  for (const isolate of ["always", "never"] as const) {
    const { source, spec, close } = await loadPlugin("./plugins/recall.ts", { ...POLICY, isolate });
    await close();
    assertEquals([source, spec.name], [{ specifier: "./plugins/recall.ts", sha256 }, "recall"]);
  }
});

Deno.test("a pinned web module is a stranger, and may be let run in this process", async () => {
  const text = strangerText("", { before: `// ${crypto.randomUUID()}` });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const sha256 = new Uint8Array(digest).toHex();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(text));
  const specifier = `http://${server.addr.hostname}:${server.addr.port}/stranger.ts#sha256=${sha256}`;
  for (const isolate of ["never", "remote"] as const) {
    const { spec, factory, source, close } = await loadPlugin(specifier, { ...POLICY, isolate });
    await close();
    assertEquals([spec.name, source], ["stranger", { specifier, sha256 }]);
    assertEquals(factory === undefined, isolate === "remote");
  }
  await server.shutdown();
});

async function refusalOf(text: string): Promise<BladeError["refusal"]> {
  await using stranger = await strangerFile(text);
  const load = () => loadPlugin(stranger.path, { ...POLICY, isolate: "never" });
  const { refusal } = await assertRejects(load, BladeError, stranger.path);
  return { ...refusal, place: refusal.place.replace(stranger.path, "FILE") };
}

Deno.test("a module without a metric, or of another contract, is refused with what it exports", async () => {
  const rule = "must export defineMetric(…) as its default";
  assertEquals((await refusalOf("export const a = 1;")).value, "no default export");
  for (
    const [what, value] of [
      ["export default 5;", "number"],
      ["export default () => 1;", "function"],
      ["export default Object.assign(() => 1, { spec: null });", "function"],
      ["export default Object.assign(() => 1, { spec: { name: 'a' } });", "function"],
      ["export default Object.assign(() => 1, { spec: { contract: 1 } });", "function"],
      ["export default { spec: { name: 'a', contract: 1 } };", "object"],
    ] as const
  ) {
    const refusal = await refusalOf(what);
    assertEquals([refusal.rule, refusal.value], [rule, value], what);
  }
  const other = "export default Object.assign(() => 1, { spec: { name: 'a', contract: 7 } });";
  const refusal = await refusalOf(other);
  assertEquals([refusal.rule, refusal.value], ["must follow version 1 of the plugin contract", 7]);
});

Deno.test("a module that cannot be imported is refused with what Deno says, and its own line where that is known", async () => {
  const broken = await refusalOf("export const a = 1;\nexport default {");
  assertEquals(broken.place, "plugin FILE:2");
  assertStringIncludes(broken.rule, "must be a module that can be imported; importing it said: ");
  const thrown = await refusalOf("throw new Error('\\u001b[31mbroken.\\u001b[0m\\nand more');");
  assertEquals(thrown, {
    place: "plugin FILE",
    rule: "must be a module that can be imported; importing it said: broken",
    mend: "correct the module; `deno check` on it tells more",
  });
  const bladeError = strangerText("").replace('direction: "maximize"', 'direction: "up"');
  assertEquals((await refusalOf2(bladeError)).place, "metric plugin stranger: direction");
});

async function refusalOf2(text: string): Promise<BladeError["refusal"]> {
  await using stranger = await strangerFile(text);
  return (await assertRejects(() => loadPlugin(stranger.path, { ...POLICY, isolate: "never" }), BladeError))
    .refusal;
}

Deno.test("importFailure() tells a path that leads nowhere, a folder, and what is no file at all", async () => {
  await using stranger = await strangerFile("");
  const of = async (specifier: string, address: string, error: unknown) =>
    (await importFailure(specifier, address, error)).refusal;
  const gone = await of("./gone.ts", toFileUrl(`${stranger.folder}/gone.ts`).href, new Error("x"));
  assertEquals(gone.rule, "must be a file that holds a module, got no such file");
  const folder = await of("./folder", toFileUrl(stranger.folder).href, new Error("x"));
  assertEquals([folder.rule, folder.mend], [
    "must be a file that holds a module, got a folder",
    "check the path",
  ]);
  const beneath = await of("a", toFileUrl(`${stranger.path}/b.ts`).href, new Error("not a folder."));
  assertEquals(beneath.rule, "must be a module that can be imported; importing it said: not a folder");
  const web = await of("https://a.example/b.ts", "https://a.example/b.ts", "\n \nit broke");
  assertEquals(web.rule, "must be a module that can be imported; importing it said: it broke");
  const silent = await of("https://a.example/b.ts", "https://a.example/b.ts", " ");
  assertStringIncludes(silent.rule, "it says nothing");
  const address = toFileUrl(stranger.path).href;
  const own = await of("s.ts", address, new Error(`No 'x' in "file:///lib/y.ts"\n at ${address}:12:3`));
  assertEquals(own.place, "plugin s.ts:12");
  assertEquals(own.rule, "must be a module that can be imported; importing it said: No 'x' in /lib/y.ts");
  const bare = await of("s.ts", address, new Error("\n  no file:///lib/y.ts here.  "));
  assertEquals(bare.rule, "must be a module that can be imported; importing it said: no /lib/y.ts here");
  const other = await of("s.ts", address, new Error("No 'x'\n at file:///lib/y.ts:12:3"));
  assertEquals(other.place, "plugin s.ts");
});

Deno.test("a metric that was loaded with a judge is asked through it", async () => {
  const metric = await loadMetric("recall@2");
  const judge = {} as Judge;
  assertStrictEquals(judgeOf({ ...metric, judge }), judge);
});

Deno.test("a judge's call that throws is a promise that fails", async () => {
  const { populationValue } = judgeOf(await loadMetric("coverage"));
  const batch = { items: Int32Array.of(0), contextRow: Int32Array.of(0), contexts: [], cutoff: 1 };
  await assertRejects(() => populationValue(batch, undefined as never));
});

Deno.test("two plugins of one name are refused, the same plugin twice is one", async () => {
  await using one = await strangerFile(strangerText(""));
  await using two = await strangerFile(strangerText("return 1;"));
  const policy = { ...POLICY, isolate: "never" } as const;
  const { refusal } = await assertRejects(() => createRegistry([one.path, two.path], policy), BladeError);
  assertEquals(refusal, {
    place: `plugin ${two.path}`,
    rule: `must have a name of its own (${one.path} has this one)`,
    value: "stranger",
    mend: "rename the plugin's metric",
  });
  await using registry = await createRegistry([one.path, one.path, "./plugins/recall.ts"], policy);
  const names = (await registry.list()).map(({ name }) => name);
  assertEquals(names.filter((name) => name === "stranger" || name === "recall"), ["recall", "stranger"]);
  assert((await registry.load("stranger")).judge === undefined);
});

Deno.test("a path may hold what elsewhere begins an address", async () => {
  await using stranger = await strangerFile("");
  const path = `${stranger.folder}/npm:file:odd.ts`;
  await Deno.writeTextFile(path, strangerText(""));
  assertEquals((await loadPlugin(path, { ...POLICY, isolate: "never" })).spec.name, "stranger");
});
