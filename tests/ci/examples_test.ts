import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import type { Context, ListMetric, Signals } from "blade";
import categoryCap from "../../docs/examples/category_cap.ts";
import categoryReach from "../../docs/examples/category_reach.ts";
import categoryRun from "../../docs/examples/category_run.ts";
import margin from "../../docs/examples/margin.ts";
import hiddenGems from "../../docs/examples/my_metric.ts";
import newcomerExposure from "../../docs/examples/newcomer_exposure.ts";
import { blade, temporaryFolder } from "./command_line.ts";
import { smallConfig, writeSmallData } from "./small_run.ts";

/** Items 0 … 3: met by 100, 30, 5 and 0 people; drama, drama and comedy, comedy, nothing. */
const SIGNALS: Signals = {
  relevance: { of: () => new Map() },
  popularity: {
    counts: Float64Array.of(120, 30, 5, 0),
    users: Float64Array.of(100, 30, 5, 0),
    totalInteractions: 155,
    totalUsers: 110,
    order: [0, 1, 2, 3],
  },
  categories: { names: ["drama", "comedy", "western"], of: (item) => [[0], [0, 1], [1], []][item] ?? [] },
  features: { dimensions: 0, of: () => undefined },
  embedding: { dimensions: 0, of: () => undefined },
  history: { of: () => [] },
  userGroups: new Map(),
  itemGroups: { names: [], of: () => undefined },
  catalogSize: 4,
};

const CONTEXT: Context = { contextId: 0, user: 0, history: [], seen: new Set() };

function scoreRows(metric: ListMetric, rows: number[][]): number[] {
  const out = new Float64Array(rows.length).fill(NaN);
  const batch = {
    items: Int32Array.from(rows.flat()),
    contextRow: new Int32Array(rows.length),
    contexts: [CONTEXT],
    cutoff: rows[0]!.length,
  };
  metric.scoreBatch!(batch, SIGNALS, out, (row) => {
    out[row] = NaN;
  });
  return [...out];
}

Deno.test("my_metric.ts gives the share of items that few have met, up to the cutoff", () => {
  assertEquals(hiddenGems().score!([0, 2, 3, 1], CONTEXT, SIGNALS), 0.5);
  assertEquals(hiddenGems({ below: 31 }).score!([0, 2, 3, 1], CONTEXT, SIGNALS), 0.75);
  assertEquals(hiddenGems({ cutoff: 1 }).score!([0, 2], CONTEXT, SIGNALS), 0);
});

Deno.test("category_run.ts measures the longest stretch that shares a category, and has no value for one item", () => {
  const rows = [[0, 1, 2, 3], [0, 2, 1, 0], [3, 0, 2, 3], [2, -1, -1, -1], [1, 0, -1, -1]];
  assertEquals(scoreRows(categoryRun(), rows), [0.75, 0.75, 0.25, NaN, 1]);
  assertEquals(scoreRows(categoryRun({ cutoff: 2 }), rows.slice(0, 2)), [1, 0.5]);
});

Deno.test("category_reach.ts counts categories in and out again", () => {
  const metric = categoryReach({ atLeast: 2 });
  const state = metric.create(SIGNALS);
  metric.add(state, [0, 1], 1);
  assertAlmostEquals(metric.value(state) as number, 1 / 3);
  metric.add(state, [2, -1], 1);
  assertAlmostEquals(metric.value(state) as number, 2 / 3);
  metric.remove(state, [0, 1], 1);
  assertEquals(metric.value(state), 0);
  assertEquals(metric.value(metric.create({ ...SIGNALS, categories: { names: [], of: () => [] } })), {
    notDefined: "no categories",
  });
});

/** Margins of items 0, 1 and 2 are 10, −2 and 4; item 3 has none. Item 2 was taken. */
const SHOP: Signals = {
  ...SIGNALS,
  features: { dimensions: 2, of: (item) => [[10, 1], [-2, 2], [4, 3]][item] },
  relevance: { of: () => new Map([[2, 1]]) },
};

Deno.test("margin.ts weighs margins by rank, passes over items without one, and counts what was taken", () => {
  const second = 1 / Math.log2(3);
  const value = (slate: number[], options = {}) => margin(options).score!(slate, CONTEXT, SHOP);
  assertAlmostEquals(value([0, 1]) as number, (10 - 2 * second) / (1 + second));
  assertAlmostEquals(value([1, 0]) as number, (-2 + 10 * second) / (1 + second));
  assertEquals(value([3, 0, -1]), 10);
  assertEquals(value([0, 1], { column: 1, cutoff: 1 }), 1);
  assertEquals(value([0, 2], { of: "taken" }), 4 * second / (1 + second));
  assertEquals(value([0, 1], { of: "taken" }), 0);
  assertEquals(value([3]), { notDefined: "no item has a margin" });
  assertEquals(margin().score!([0, 1], CONTEXT, SHOP, [1, 1]), 4); // both stand on rank 1
  assertEquals([margin().needs, margin({ of: "taken" }).needs], [["features"], ["features", "relevance"]]);
});

Deno.test("category_cap.ts counts what goes beyond the cap, in any order", () => {
  const value = (slate: number[], options = {}) => categoryCap(options).score!(slate, CONTEXT, SIGNALS);
  // Drama twice and comedy twice; a third drama goes beyond.
  assertEquals([value([0, 1, 2]), value([2, 1, 0])], [1, 1]);
  assertEquals(value([0, 0, 1, 2]), 4 / 5);
  assertEquals(value([0, 1, 2], { atMost: 1 }), 2 / 4);
  assertEquals(value([0, 1], { atMost: 0 }), 0);
  assertEquals(value([0, 0, 0, -1, 2], { cutoff: 2 }), 1);
  assertEquals(value([3, -1]), { notDefined: "no item has a category" });
});

Deno.test("newcomer_exposure.ts gives the share of the exposure that new items have over all lists", () => {
  const { create, add, remove, value } = newcomerExposure({ atMost: 5 });
  const state = create(SIGNALS);
  assertEquals(value(state), { notDefined: "nothing shown" });
  add(state, [0, 2], 1);
  const second = 1 / Math.log2(3);
  assertAlmostEquals(value(state) as number, second / (1 + second));
  add(state, [3, -1, 1], 2); // the third rank weighs 1/2
  assertAlmostEquals(value(state) as number, (second + 2) / (1 + second + 2 + 1));
  remove(state, [3, -1, 1], 2);
  assertAlmostEquals(value(state) as number, second / (1 + second));
  add(state, [0, 2], 1, [1, 1]);
  assertAlmostEquals(value(state) as number, (second + 1) / (1 + second + 2));
});

Deno.test("the margin of an items table reaches plugin check, training and evaluate --lists", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => `${folder.path}/${name}`;
  await writeSmallData(folder.path);
  const [header, ...rows] = (await Deno.readTextFile(at("items.csv"))).trim().split("\n");
  const items = [
    `${header},margin`,
    ...rows.map((row, item) => `${row},${item % 6 === 0 ? 9.5 : 0.5 + item % 3}`),
  ];
  await Deno.writeTextFile(at("items.csv"), items.join("\n") + "\n");
  const config = smallConfig({
    data: { itemColumns: { item: "item", categories: "genre", features: "margin" } },
  });
  const spec = "margin@3";
  const run = { ...config, plugins: [], reward: { terms: [{ metric: spec, weight: 1 }] } };
  await Deno.writeTextFile(
    at("shop.jsonc"),
    JSON.stringify({ ...run, evaluate: { ...run.evaluate, metrics: [spec] } }),
  );
  const plugin = ["--plugin", "docs/examples/margin.ts"];

  const checked = await blade(["plugin", "check", spec, "--config", at("shop.jsonc"), ...plugin]);
  assertEquals(checked.code, 0, checked.out + checked.err);
  assertStringIncludes(checked.out, "Verdict: can be trained with.");

  const runFolder = at("run");
  const train = ["train", at("shop.jsonc"), ...plugin, "--out", runFolder];
  const trained = await blade(train, [`--allow-write=./runs,${folder.path}`]);
  assertEquals(trained.code, 0, trained.err);
  const manifest = JSON.parse(await Deno.readTextFile(`${runFolder}/manifest.json`));
  const results: { system: string; metric: string; mean: number }[] = manifest.results;
  const mean = results.find(({ system, metric }) => system === "aligned" && metric === spec)!.mean;
  assert(mean >= 0.5 && mean <= 9.5, `${mean}`);

  await Deno.writeTextFile(at("lists.csv"), "user,item,rank\nann,a,1\nann,b,2\n");
  await Deno.writeTextFile(at("catalog.csv"), "item,features\na,3\nb,5\n");
  const lists = ["--lists", at("lists.csv"), "--items", at("catalog.csv")];
  const evaluated = await blade(["evaluate", ...lists, "--metrics", "docs/examples/margin.ts@2", "--json"]);
  const second = 1 / Math.log2(3);
  const { metrics } = JSON.parse(evaluated.out);
  assertAlmostEquals(metrics["docs/examples/margin.ts@2"].mean, (3 + 5 * second) / (1 + second));
});

Deno.test("every example loads as a plugin under the name that it gives itself", async (t) => {
  let visited = 0;
  for await (const { name } of Deno.readDir("docs/examples")) {
    visited++;
    await t.step(name, async () => {
      const path = `docs/examples/${name}`;
      const { code, out } = await blade(["metrics", "list", "--json", "--plugin", path]);
      assertEquals(code, 0);
      const metrics: { name: string; source: { specifier: string } }[] = JSON.parse(out);
      const own = metrics.find(({ source }) => source.specifier.endsWith(name));
      assert(own !== undefined, `no metric comes from ${path}`);
      assertEquals((await blade(["metrics", "show", `${own.name}@10`, "--plugin", path])).code, 0);
    });
  }
  assertEquals(visited, 6);
});
