import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import { BladeError } from "../../src/core/errors.ts";
import { childrenWith } from "../isolate/_strangers.ts";
import { createRegistry, loadMetric } from "../../src/reward/registry.ts";

const LENGTH = `
import { defineMetric } from "blade";
export default defineMetric({
  name: "length", summary: "Items of the slate.", kind: "list", options: { over: 1 },
  range: [0, Infinity], direction: "maximize", needs: [],
  score: (slate, _context, _signals, { over }) => slate.length / over,
});`;

/** Runs the body with a module of that text. A plugin outside the project still sees its import map. */
async function withModule(text: string, body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "with space & 100% " });
  try {
    await Deno.writeTextFile(`${folder}/plugin.ts`, text);
    await body(`${folder}/plugin.ts`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a plugin is loaded by path or file URL, hashed, and takes options from the spec", async () => {
  await withModule(LENGTH, async (path) => {
    for (const specifier of [path, toFileUrl(path).href]) {
      const { spec, metric, cutoff, source } = await loadMetric("length@3?over=2", [specifier]);
      assertEquals([spec, cutoff, metric.options.over], ["length@3?over=2", 3, 2]);
      assertEquals(source.specifier, specifier);
      assertMatch(source.sha256!, /^[0-9a-f]{64}$/);
    }
  });
});

Deno.test("a path is resolved against the working folder", async () => {
  const { metric } = await loadMetric("./plugins/ild.ts@4");
  assertEquals([metric.name, metric.cutoff], ["ild", 4]);
});

Deno.test("list() describes the built-in metrics, each with its source and defaults", async () => {
  const list = await (await createRegistry()).list();
  assertEquals(list.map(({ name }) => name), [
    "recall",
    "hit-rate",
    "precision",
    "r-precision",
    "f-beta",
    "ndcg",
    "dcg",
    "mrr",
    "map",
    "serendipity",
    "epc",
    "efd",
    "ild",
    "novelty",
    "popularity",
    "long-tail",
    "mgu-list",
    "coverage",
    "gini",
    "entropy",
    "div-ratio",
    "or-ratio",
    "mgu",
    "dgu",
    "calibration",
    "exposure",
    "pop-rsp",
    "pop-reo",
    "user-gap",
  ]);
  assert(list.every(({ source }) => /^[0-9a-f]{64}$/.test(source.sha256 ?? "")));
  assert(list.every(({ name, source }) => source.specifier === `blade:${name}`));
  assertEquals(list[5]!.options.find(({ name }) => name === "gain"), {
    name: "gain",
    default: "linear",
    choices: ["linear", "exponential", "binary"],
  });
});

Deno.test("describe() tells what the metric needs with the options of the spec", async () => {
  const registry = await createRegistry();
  assertEquals((await registry.describe("ild@5")).needs, ["categories"]);
  assertEquals((await registry.describe("ild@5?by=features")).needs, ["features"]);
});

Deno.test("an unknown metric is refused with the nearest known one", async () => {
  await assertRejects(() => loadMetric("ndgc@10"), BladeError, "did you mean ndcg?");
});

for (
  const [spec, what] of [
    ["ndcg@10?gian=linear", "threshold, empty, gain, ideal"],
    ["ndcg@10?gain=loud", "one of linear, exponential, binary"],
    ["ndcg@10?threshold=high", "finite number"],
    ["ndcg?cutoff=10", "takes only the options it declares"],
  ] as const
) {
  Deno.test(`an option that does not fit is refused: ${spec}`, async () => {
    await assertRejects(() => loadMetric(spec), BladeError, what);
  });
}

const REFUSED: Readonly<Record<string, readonly [text: string, what: string]>> = {
  "no default export": ["export const metric = 1;", "default"],
  "a default that no defineMetric made": ["export default { name: 'x', score: () => 1 };", "defineMetric"],
  "a module that throws": ["throw new Error('broken at line one');", "broken at line one"],
  "a module that does not parse": ["export default {", "can be imported"],
  "a name that is taken": [LENGTH.replace('"length"', '"recall"'), "blade:recall"],
  "a kind that is none": [LENGTH.replace('"list"', '"slate"'), "list or population"],
  "no score": [LENGTH.replace("score:", "points:"), "scoreBatch"],
  "a need that is no signal": [LENGTH.replace("needs: []", 'needs: ["weather"]'), "weather"],
  "a range upside down": [LENGTH.replace("[0, Infinity]", "[1, 0]"), "[least, greatest]"],
};

for (const [name, [text, what]] of Object.entries(REFUSED)) {
  Deno.test(`a plugin is refused for ${name}`, async () => {
    await withModule(text, async (path) => {
      const error = await assertRejects(() => createRegistry([path]), BladeError);
      assert(error.message.includes(what), error.message);
    });
  });
}

Deno.test("a plugin that is not there is refused by its path", async () => {
  await assertRejects(() => createRegistry(["./no_such_plugin.ts"]), BladeError, "no_such_plugin.ts");
});

Deno.test("describe() repeats what a plugin says of itself, and leaves out what it does not say", async () => {
  const text = LENGTH.replace(
    "options: { over: 1 },",
    `options: {
    over: { standard: 1, least: 1, greatest: 9 }, by: oneOf("a", "b"), any: undefined,
  }, formula: "n/o", source: "A paper", equals: ["RecBole's"],`,
  ).replace("{ defineMetric }", "{ defineMetric, oneOf }")
    .replace("slate.length / over", "slate.length");
  await withModule(text, async (path) => {
    const registry = await createRegistry([path], { isolate: "never" });
    const { source, ...facts } = await registry.describe("length");
    assertEquals(facts, {
      name: "length",
      summary: "Items of the slate.",
      formula: "n/o",
      definedIn: "A paper",
      equals: ["RecBole's"],
      kind: "list",
      range: [0, Infinity],
      direction: "maximize",
      needs: [],
      options: [
        { name: "over", default: 1, bounds: [1, 9] },
        { name: "by", default: "a", choices: ["a", "b"] },
        { name: "any", default: undefined },
      ],
    });
    assertEquals(source.specifier, path);
  });
  await withModule(LENGTH, async (path) => {
    const registry = await createRegistry([path], { isolate: "never" });
    const { source: _, ...facts } = await registry.describe("length");
    assertEquals(Object.keys(facts), ["name", "summary", "kind", "range", "direction", "needs", "options"]);
    const whole = await registry.load("length");
    assertEquals([Object.keys(whole), whole.metric.cutoff], [["spec", "metric", "source"], undefined]);
    assertEquals(Object.keys(await registry.load("length@3")), ["spec", "metric", "cutoff", "source"]);
  });
});

Deno.test("a plugin of which several metrics are loaded runs in one process, which ends with the registry", async () => {
  await withModule(LENGTH, async (path) => {
    const memoryMiB = 202;
    {
      await using registry = await createRegistry([path], { deadlineMs: 60_000, memoryMiB });
      const both = [await registry.load("length@3"), await registry.load(`${path}@4`)];
      assertEquals(both.map(({ judge }) => judge !== undefined), [true, true]);
      assertEquals((await childrenWith(memoryMiB)).length, 1);
    }
    assertEquals(await childrenWith(memoryMiB), []);
  });
});

Deno.test("a refused list of plugins leaves no process behind", async () => {
  await withModule(LENGTH, async (path) => {
    const memoryMiB = 203;
    const create = () => createRegistry([path, "./no_such_plugin.ts"], { deadlineMs: 60_000, memoryMiB });
    await assertRejects(create, BladeError, "no_such_plugin.ts");
    assertEquals(await childrenWith(memoryMiB), []);
  });
});
