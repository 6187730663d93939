import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Context, ListMetric, Signals } from "blade";
import categoryReach from "../../docs/examples/category_reach.ts";
import categoryRun from "../../docs/examples/category_run.ts";
import hiddenGems from "../../docs/examples/my_metric.ts";
import { blade } from "./command_line.ts";

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
  assertEquals(visited, 3);
});
