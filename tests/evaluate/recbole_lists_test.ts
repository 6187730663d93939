import { parse } from "@std/csv";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluateLists, type TableRow } from "../../src/evaluate/evaluate_lists.ts";

const folder = new URL("../../../shared/golden/recbole-sasrec/", import.meta.url);

Deno.test({
  name: "evaluateLists() prints what RecBole printed for 43,330 rows of its own SASRec",
  ignore: !isThere(folder),
  async fn() {
    const expected: { metrics: Record<string, number>; tolerance: number } = JSON.parse(
      await Deno.readTextFile(new URL("expected.json", folder)),
    );
    const [lists, relevant, history, items] = await Promise.all(
      ["lists", "relevant", "history", "items"].map(async (table): Promise<TableRow[]> =>
        parse(await Deno.readTextFile(new URL(`${table}.csv`, folder)), { skipFirstRow: true })
      ),
    );
    const specs = Object.keys(expected.metrics);
    const { metrics } = await evaluateLists(
      { lists: lists!, relevant: relevant!, history: history!, items: items! },
      specs,
      { resamples: 10 },
    );
    assertEquals(specs.length, 8);
    for (const spec of specs) {
      assertAlmostEquals(metrics[spec]!.mean!, expected.metrics[spec]!, expected.tolerance, spec);
    }
  },
});

function isThere(path: URL): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
