import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { quickstartFiles, SEED } from "../../fixtures/generate.ts";
import type { ItemIndex } from "../../src/core/ids.ts";
import { inspectData } from "../../src/data/inspect.ts";
import { popularityOf } from "../../src/data/popularity.ts";
import { readDataset } from "../../src/data/read_dataset.ts";
import { splitDataset } from "../../src/data/split.ts";

const folder = fromFileUrl(new URL("../../fixtures/quickstart", import.meta.url));
const quickstart = () => readDataset({ reader: "fixture", folder, minRating: null, kCore: 5 });

Deno.test("the quickstart files are what their generator writes, byte for byte", async () => {
  for (const [name, text] of quickstartFiles(SEED)) {
    assertEquals(await Deno.readTextFile(`${folder}/${name}`), text, name);
  }
});

Deno.test("another seed writes other interactions", () => {
  const [one, two] = [1, 2].map((seed) => quickstartFiles(seed).get("interactions.csv")!);
  assertEquals(one === two, false);
});

Deno.test("the quickstart data is what its hash file says", async () => {
  const dataset = await quickstart();
  const said = JSON.parse(await Deno.readTextFile(`${folder}/hashes.json`));
  assertEquals(
    Object.fromEntries(dataset.files.map(({ path, sha256 }) => [path.split("/").at(-1), sha256])),
    said.sha256,
  );
  const { stage: _, ...counts } = dataset.stages.at(-1)!;
  assertEquals({ ...counts, categories: dataset.catalog.categoryNames.length }, {
    users: said.users,
    items: said.items,
    interactions: said.interactions,
    categories: said.categories,
  });
});

Deno.test("the quickstart data has skewed popularity, histories of 15 to 40 items and none twice", async () => {
  const dataset = await quickstart();
  const inspection = inspectData(dataset, splitDataset(dataset, { split: "leave-last-out", maxHistory: 50 }));
  assertEquals([inspection.interactionsPerUser.min, inspection.interactionsPerUser.max], [15, 40]);
  assertEquals(inspection.repeatedInteractions, 0);
  assertGreater(inspection.train.topTenthShare, 0.2);
  assertEquals(inspection.categories.itemsWithout, 0);
  assertEquals(inspection.itemsWithoutTitle, 0);
});

Deno.test("the quickstart data rewards whoever learns what follows what, with lists of less diversity", async () => {
  const dataset = await quickstart();
  const { train, test } = splitDataset(dataset, { split: "leave-last-out", maxHistory: 50 });
  const items = dataset.catalog.ids.length;
  const { counts, totalInteractions } = popularityOf(train, items);
  const follows = Array.from({ length: items }, () => new Float64Array(items));
  for (let user = 0; user < dataset.users.length; user++) {
    for (let row = train.offsets[user]! + 1; row < train.offsets[user + 1]!; row++) {
      follows[train.items[row - 1]!]![train.items[row]!]!++;
    }
  }
  const { categories } = dataset.catalog;
  const evaluate = (score: (item: ItemIndex, last: ItemIndex) => number) => {
    let [ndcg, differing] = [0, 0];
    for (const { contextId, history, seen } of test.contexts) {
      const scores = Float64Array.from(
        { length: items },
        (_, item) => seen.has(item) ? -1 : score(item, history.at(-1)!),
      );
      const list = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, 10);
      const place = list.findIndex((item) => test.relevance.of(contextId).has(item));
      if (place !== -1) ndcg += 1 / Math.log2(place + 2) / test.contexts.length;
      const pairs = list.flatMap((a, i) =>
        list.slice(i + 1).map((b) => categories[a]![0] !== categories[b]![0])
      );
      differing += pairs.filter(Boolean).length / pairs.length / test.contexts.length;
    }
    return { ndcg, differing };
  };
  const popular = evaluate((item) => counts[item]!);
  const sequel = evaluate((item, last) => follows[last]![item]! + counts[item]! / totalInteractions);
  assertGreater(popular.ndcg, 0.04);
  assertLess(popular.ndcg, 0.09);
  assertGreater(sequel.ndcg, 0.3);
  assertLess(sequel.differing, popular.differing - 0.02);
});
