import { assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { Context, ContextSet } from "../../src/core/context.ts";
import type { ItemIndex } from "../../src/core/ids.ts";
import { inspectData } from "../../src/data/inspect.ts";
import { popularityOf } from "../../src/data/popularity.ts";
import { readDataset } from "../../src/data/read_dataset.ts";
import { splitDataset } from "../../src/data/split.ts";

// Real data sets are not part of the repository: these tests run where someone has put them beside it.
const beside = (folder: string) => fromFileUrl(new URL(`../../../shared/data/${folder}`, import.meta.url));
const missing = (folder: string) => {
  try {
    return !Deno.statSync(beside(folder)).isDirectory;
  } catch {
    return true;
  }
};

/** Recall and nDCG of the lists, one relevant item a context. */
function hitsOf({ contexts, relevance }: ContextSet, rank: (context: Context) => ItemIndex[]) {
  let [recall, ndcg] = [0, 0];
  for (const context of contexts) {
    const place = rank(context).findIndex((item) => relevance.of(context.contextId).has(item));
    if (place === -1) continue;
    recall += 1 / contexts.length;
    ndcg += 1 / Math.log2(place + 2) / contexts.length;
  }
  return { recall, ndcg };
}

Deno.test({
  name: "MovieTweetings-100K at 5-core has the published counts, and most-popular its published quality",
  ignore: missing("movietweetings/100K"),
  async fn() {
    const folder = beside("movietweetings/100K");
    const dataset = await readDataset({ reader: "movietweetings", folder, minRating: null, kCore: 5 });
    assertEquals(dataset.stages, [
      { stage: "read", users: 16_554, items: 10_506, interactions: 100_000 },
      { stage: "5-core", users: 4_333, items: 2_414, interactions: 68_055 },
    ]);
    const split = splitDataset(dataset, { split: "leave-last-out", maxHistory: 50 });
    assertEquals(split.train.items.length, 59_389);
    assertEquals([split.validation.contexts.length, split.test.contexts.length], [4_333, 4_333]);

    // RecBole's values with its miscounted popularity corrected: recall@10 0.1461, ndcg@10 0.0738.
    const { order, counts } = popularityOf(split.train, dataset.catalog.ids.length);
    let [listed, popularity] = [0, 0];
    const { recall, ndcg } = hitsOf(split.test, ({ seen }) => {
      const list = order.filter((item) => !seen.has(item)).slice(0, 10);
      for (const item of list) popularity += counts[item]!;
      listed += list.length;
      return list;
    });
    assertAlmostEquals(recall, 0.1461, 0.00005);
    assertAlmostEquals(ndcg, 0.0738, 0.00005);
    assertAlmostEquals(popularity / listed, 660.2, 0.05);

    const inspection = inspectData(dataset, split);
    assertEquals(inspection.repeatedInteractions, 0);
    assertEquals(inspection.test.targetsAlreadySeen, 0);
  },
});

Deno.test({
  name: "ml-latest-small at 5-core has the published counts",
  ignore: missing("ml-latest-small"),
  async fn() {
    const folder = beside("ml-latest-small");
    const dataset = await readDataset({ reader: "movielens-csv", folder, minRating: null, kCore: 5 });
    assertEquals(dataset.stages, [
      { stage: "read", users: 610, items: 9_724, interactions: 100_836 },
      { stage: "5-core", users: 610, items: 3_650, interactions: 90_274 },
    ]);
    const { train, validation, test } = splitDataset(dataset, { split: "leave-last-out", maxHistory: 50 });
    assertEquals([train.items.length, validation.contexts.length, test.contexts.length], [89_054, 610, 610]);
    assertEquals(dataset.catalog.titles[dataset.catalog.ids.indexOf("11")], "American President, The (1995)");
  },
});

Deno.test({
  name: "ml-latest-small read as a table by a column map is the same data set",
  ignore: missing("ml-latest-small"),
  async fn() {
    const options = { folder: beside("ml-latest-small"), minRating: 4, kCore: 5 };
    const own = await readDataset({ reader: "movielens-csv", ...options });
    const mapped = await readDataset({
      reader: "table",
      ...options,
      interactions: "ratings.csv",
      columns: { user: "userId", item: "movieId", rating: "rating", timestamp: "timestamp" },
    });
    assertEquals(mapped.log, own.log);
    assertEquals(mapped.users, own.users);
    assertEquals(mapped.catalog.ids, own.catalog.ids);
    assertEquals(mapped.stages, own.stages);
  },
});
