import { assertAlmostEquals, assertEquals } from "@std/assert";
import { inspectData } from "../../src/data/inspect.ts";
import { popularityOf } from "../../src/data/popularity.ts";
import { signalsOf } from "../../src/data/signals.ts";
import { splitDataset } from "../../src/data/split.ts";
import { datasetOf, logOf } from "./_log.ts";

Deno.test("popularityOf() counts interactions and distinct users, and orders ties by index", () => {
  const popularity = popularityOf(logOf([[2, 2, 0], [1, 0], []]), 4);
  assertEquals(Array.from(popularity.counts), [2, 1, 2, 0]);
  assertEquals(Array.from(popularity.users), [2, 1, 1, 0]);
  assertEquals(popularity.order, [0, 2, 1, 3]);
  assertEquals([popularity.totalInteractions, popularity.totalUsers], [5, 2]);
});

Deno.test("signalsOf() gives the whole past with repeats, by contextId, and the context's user groups", () => {
  const dataset = datasetOf(logOf([[0, 1], [2, 2, 1, 0], [1, 0, 2]]), {
    items: 3,
    categories: [[0], [0, 1], []],
    categoryNames: ["red", "round"],
    groups: { town: ["Oslo", "Bergen", ""] },
  });
  const split = splitDataset(dataset, { split: "leave-last-out", maxHistory: 1 });
  const popularity = popularityOf(split.train, 3);
  const signals = signalsOf(dataset, popularity, split.test);
  assertEquals(signals.history.of(0), [2, 2, 1]);
  assertEquals(signals.history.of(1), [1, 0]);
  assertEquals(signalsOf(dataset, popularity, split.validation).history.of(0), [2, 2]);
  assertEquals(signals.userGroups.get("town"), ["Bergen", ""]);
  assertEquals(signals.categories.of(1), [0, 1]);
  assertEquals(signals.relevance.of(0).get(0), 1);
  assertEquals([signals.catalogSize, signals.features.dimensions, signals.embedding.dimensions], [3, 0, 0]);
  assertEquals(signals.features.of(0), undefined);
});

Deno.test("signalsOf() of some of the contexts keeps their ids, and of hand-made ones takes their history", () => {
  const dataset = datasetOf(logOf([[0, 1, 2], [2, 1, 0]]), { items: 3 });
  const { train, test } = splitDataset(dataset, { split: "leave-last-out", maxHistory: 1 });
  const popularity = popularityOf(train, 3);
  const second = signalsOf(dataset, popularity, { ...test, contexts: test.contexts.slice(1) });
  assertEquals(second.history.of(1), [2, 1]);
  assertEquals(second.history.of(0), []);
  const made = { contextId: 0, user: 1, history: [1], seen: new Set([1, 2]) };
  assertEquals(signalsOf(dataset, popularity, { ...test, contexts: [made] }).history.of(0), [1]);
});

Deno.test("inspectData() counts what a small data set holds", () => {
  // Train: [0, 0, 1], [0]; counts 3, 1, 0 … of four items. Test targets: 1 (met before) and 3 (not in train).
  const log = logOf([[0, 0, 1, 2, 1], [0, 2, 3]], [[1, 2, 2, 3, 4], [5, 6, 7]]);
  log.ratings.set([1, 2, 3, 4, 5, 1, 2, 3]);
  const dataset = datasetOf(log, {
    items: 4,
    categories: [[0], [0, 1], [], [0]],
    categoryNames: ["red", "round"],
    groups: { town: ["Oslo", "Oslo"] },
  });
  const inspection = inspectData(dataset, splitDataset(dataset, { split: "leave-last-out", maxHistory: 2 }));
  assertEquals(inspection.density, 1);
  assertEquals(inspection.repeatedInteractions, 2);
  assertEquals(inspection.interactionsPerUser, { min: 3, p25: 3, median: 3, p75: 5, p90: 5, max: 5 });
  assertEquals(inspection.interactionsPerItem, { min: 1, p25: 1, median: 2, p75: 2, p90: 3, max: 3 });
  // Counts 0, 0, 1, 3: Σ (2i − n − 1) x_i = 1·1 + 3·3 = 10, over n Σ x = 16.
  assertAlmostEquals(inspection.train.popularityGini, 10 / 16, 1e-12);
  assertEquals(inspection.train.topTenthShare, 3 / 4); // a tenth of four items is one
  assertEquals(
    [inspection.train.users, inspection.train.items, inspection.train.interactions],
    [2, 2, 4],
  );
  assertEquals(inspection.test.targetsAlreadySeen, 1);
  assertEquals(inspection.test.targetsNotInTrain, 1);
  assertEquals(inspection.test.pastLength.max, 4);
  assertEquals(inspection.validation.targetsNotInTrain, 2);
  assertEquals(inspection.time, { first: 1, last: 7, ties: 1 });
  assertEquals(inspection.ratings, { min: 1, mean: 21 / 8, max: 5 });
  assertEquals(inspection.categories, {
    names: 2,
    itemsWithout: 1,
    perItem: 1,
    largest: [{ name: "red", items: 3 }, { name: "round", items: 1 }],
  });
  assertEquals(inspection.itemsWithoutTitle, 4);
  assertEquals(inspection.userGroups, { town: 1 });
  assertEquals(JSON.parse(JSON.stringify(inspection)), inspection);
});

Deno.test("inspectData() says null for times and ratings that the files do not have", () => {
  const dataset = datasetOf(logOf([[0, 1, 2]], [[0, 0, 0]]), { items: 3 });
  const { time, ratings } = inspectData(
    dataset,
    splitDataset(dataset, { split: "leave-last-out", maxHistory: 2 }),
  );
  assertEquals([time, ratings], [null, null]);
});
